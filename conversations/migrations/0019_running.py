"""Conversations say which answer is being written in them."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("conversations", "0018_selection"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="running",
            field=models.UUIDField(
                blank=True, editable=False, help_text="The stream of the running answer.", null=True
            ),
        ),
        migrations.AddField(
            model_name="conversation",
            name="running_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="When it was last seen to run.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("running__isnull", False)), fields=["running"], name="idx_conversation_running"
            ),
        ),
    ]
