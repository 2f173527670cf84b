"""Links by which anybody who has them reads a conversation."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


class Share(models.Model):
    """A link to one conversation until `expires_at`: as it was when it was shared, or, if it follows, as it is now.

    The link itself is not stored: see `tokens`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The constraint of the conversation refuses a deleted user. One more would be checked at commit, while the
    # conversation is locked, and cause a deadlock with the deletion of the account.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    conversation = models.ForeignKey("conversations.Conversation", on_delete=models.CASCADE, related_name="+")
    follow = models.BooleanField(help_text="Whether messages that are added later are shown, too.")
    system = models.BooleanField(default=False, help_text="Whether the system prompt is shown.")
    # Null if it follows: then the conversation is read.
    snapshot = models.JSONField(null=True, editable=False, help_text="What is shown.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="idx_share_user_created")]

    def __str__(self) -> str:
        return str(self.id)
