"""Idempotency records."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class RepeatableRequest(models.Model):
    """The idempotency record of a POST: its key, the rows that it stored, and whether it was answered.

    The answer is the message or the comparison that the record refers to. After their deletion the record refers to
    nothing, and the key stays in use. `attempt` identifies the last attempt. `claimed_at` is null after an attempt that
    failed, when the next one may begin.
    """

    # The constraints of the conversation or comparison, inserted with the record, refuse a deleted user. One more would
    # be checked at commit, while the conversation is locked, and cause a deadlock with the deletion of the account.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    operation = models.CharField(max_length=10)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the body in canonical JSON.")
    attempt = models.UUIDField()
    claimed_at = models.DateTimeField(null=True)
    answered = models.BooleanField(default=False)
    conversation = models.ForeignKey(
        "conversations.Conversation", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(null=True, help_text="When the user's message was stored.")
    # A foreign key would make Django load every message of a deleted conversation.
    answer_id = models.UUIDField(null=True)
    comparison = models.ForeignKey("conversations.Comparison", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "operation", "key"], name="uniq_repeatable_user_key")]

    def __str__(self) -> str:
        return f"{self.operation}: {self.key}"

    @property
    def deleted(self) -> bool:
        """Whether the stored conversation or comparison was deleted."""
        return self.conversation_id is None and self.comparison_id is None
