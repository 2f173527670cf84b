"""Indexes for lists narrowed by model, and for narrowed lists by creation."""

from django.db import migrations, models

from perf.db.operations import AddIndexOnline


class Migration(migrations.Migration):

    atomic = False  # indexes are built while others write

    dependencies = [
        ('conversations', '0001_initial'),
    ]

    operations = [
        AddIndexOnline(
            model_name='conversation',
            index=models.Index(fields=['user', 'model', '-last_message_at', '-id'], name='idx_conversation_user_model'),
        ),
        AddIndexOnline(
            model_name='conversation',
            index=models.Index(fields=['user', 'provider', '-created_at', '-id'], name='idx_conversation_prov_created'),
        ),
        AddIndexOnline(
            model_name='conversation',
            index=models.Index(fields=['user', 'model', '-created_at', '-id'], name='idx_conversation_model_created'),
        ),
    ]
