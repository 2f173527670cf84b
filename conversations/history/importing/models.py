"""Imports, and which conversations and comparisons each of them brought."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from perf.models import Job

NAME_LENGTH = 200  # characters of the name of a file


class Import(models.Model):
    """A file whose conversations are taken over, and what became of each.

    `counts` and `problems` change with every batch, in its transaction; the job says whether the import goes on.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="imports", db_index=False)
    job = models.OneToOneField(Job, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=NAME_LENGTH, blank=True, help_text="Of the file, as its owner calls it.")
    size = models.BigIntegerField(default=0, help_text="bytes")
    source = models.CharField(max_length=20, blank=True, help_text="The product that wrote the file.")
    dry_run = models.BooleanField(default=False)
    counts = models.JSONField(default=dict)
    problems = models.JSONField(default=list, help_text="The first things that were skipped: place and reason.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="idx_import_user_created")]

    def __str__(self) -> str:
        return str(self.id)


class Imported(models.Model):
    """That an import made a conversation or a comparison, or added messages to a conversation.

    `messages` holds the ids of the messages that were added to a conversation which existed, and is null where the
    import made it. `count` is their number.
    """

    by = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="brought")
    conversation = models.ForeignKey(
        "conversations.Conversation", on_delete=models.CASCADE, null=True, related_name="imports"
    )
    comparison = models.ForeignKey("conversations.Comparison", on_delete=models.CASCADE, null=True, related_name="+")
    original_id = models.CharField(max_length=200)
    messages = models.JSONField(null=True)
    count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.original_id} by {self.by_id}"
