"""Files of users, and the messages and comparisons that show them."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

NAME_LENGTH = 200  # characters


class StoredFile(models.Model):
    """A file of one user. Its content lies in the storage `files`; rows of one user with the same digest share it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="files", db_index=False)
    sha256 = models.CharField(max_length=64, help_text="Of the content, which is stored under it.")
    size = models.PositiveIntegerField(help_text="bytes")
    name = models.CharField(max_length=NAME_LENGTH)
    media_type = models.CharField(max_length=100, help_text="By the content, not by the name.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "file"
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="idx_storedfile_user_created"),
            models.Index(fields=["user", "sha256"], name="idx_storedfile_user_content"),
        ]

    def __str__(self) -> str:
        return str(self.id)  # the admin's log keeps this text longer than the file


class FileUse(models.Model):
    """That a message or a comparison shows a file. A file that was in use is deleted with its last use."""

    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="uses")
    conversation = models.ForeignKey(
        "conversations.Conversation", on_delete=models.CASCADE, null=True, related_name="+"
    )
    # A foreign key would make Django load every message of a deleted conversation.
    message_id = models.UUIDField(null=True)
    comparison = models.ForeignKey("conversations.Comparison", on_delete=models.CASCADE, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.file_id} in {self.message_id or self.comparison_id}"
