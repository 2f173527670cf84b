"""Conversations and their messages, comparisons and their results, requests that may be repeated."""

from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Left
from django.utils import timezone
from uuid_utils.compat import uuid7

from models_registry.costs import CostSource
from perf.caching.querysets import InvalidatingQuerySet, LeafModel

PREVIEW_LENGTH = 100  # characters
TITLE_LENGTH = 200  # characters


class ConversationQuerySet(InvalidatingQuerySet["Conversation"]):
    """Conversations, never without saying whose."""

    def for_user(self, user_id: int) -> "ConversationQuerySet":
        """Only this user's."""
        return self.filter(user_id=user_id)

    def recount(self) -> int:
        """Make `message_count`, `preview` and `last_message_at` what the messages say; returns how many rows."""
        own = Message.objects.filter(conversation=models.OuterRef("pk")).order_by()
        newest = own.order_by("-created_at", "-id")
        count = own.values("conversation").annotate(count=models.Count("pk")).values("count")
        asked = newest.filter(role=Message.Role.USER).values(text=Left("content", PREVIEW_LENGTH))
        return self.update(
            message_count=Coalesce(models.Subquery(count), 0),
            preview=Coalesce(models.Subquery(asked[:1]), models.Value("")),
            last_message_at=Coalesce(models.Subquery(newest.values("created_at")[:1]), "created_at"),
            updated_at=timezone.now(),
        )


class Conversation(models.Model):
    """A chat of one user. Provider and model are text: history does not change when the registry does.

    `message_count`, `preview` (of the last user message) and `last_message_at` are kept in the transaction that adds
    a message, so that a list never reads messages.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations", db_index=False
    )
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=200)
    title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    system = models.TextField(blank=True, help_text="The system prompt sent with every turn.")
    message_count = models.PositiveIntegerField(default=0)
    preview = models.CharField(max_length=PREVIEW_LENGTH, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    last_message_at = models.DateTimeField(default=timezone.now)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="idx_conversation_user_created"),
            models.Index(fields=["user", "-last_message_at", "-id"], name="idx_conversation_user_recent"),
            models.Index(fields=["user", "provider", "-last_message_at", "-id"], name="idx_conversation_user_provider"),
            models.Index(fields=["user", "model", "-last_message_at", "-id"], name="idx_conversation_user_model"),
            models.Index(fields=["user", "provider", "-created_at", "-id"], name="idx_conversation_prov_created"),
            models.Index(fields=["user", "model", "-created_at", "-id"], name="idx_conversation_model_created"),
        ]

    def __str__(self) -> str:
        return str(self.id)  # the admin's log keeps it, and no title shall outlive its conversation


class MessageQuerySet(InvalidatingQuerySet["Message"]):
    """Messages, narrowed to what a model is told again."""

    def history(self, conversation_id: UUID) -> "MessageQuerySet":
        """Give what was said in a conversation, oldest first, without failures and silences."""
        said = self.filter(conversation_id=conversation_id).exclude(status=Message.Status.ERROR).exclude(content="")
        return said.order_by("created_at", "id")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete, and keep what their conversations say of their messages right in the same transaction.

        The conversations are locked first, in the order in which an account's are, so that no answer arrives between
        the deletion and the count.
        """
        return self.delete_by_parent("conversation", Conversation.objects.all(), ConversationQuerySet.recount)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


def _price() -> "models.DecimalField[Decimal | None, Decimal | None]":
    return models.DecimalField(
        max_digits=14, decimal_places=6, null=True, blank=True, help_text="USD per million tokens, when it was called"
    )


class FinishReason(models.TextChoices):
    """How an answer ended, if the provider said so or failed."""

    STOP = "stop"
    LENGTH = "length", "limit of tokens"
    CONTENT_FILTER = "content_filter", "the provider's filter"
    REFUSAL = "refusal"
    TOOL_CALLS = "tool_calls", "asked for tools"
    ERROR = "error"


class Measured(LeafModel):
    """What a model wrote, and what the call took; null where there was none, or where it is unknown."""

    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    cache_read_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the prompt tokens.")
    cache_write_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the prompt tokens.")
    cache_write_1h_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of those, for an hour.")
    reasoning_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the completion tokens.")
    input_audio_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the prompt tokens.")
    output_audio_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the completion tokens.")
    input_image_tokens = models.PositiveIntegerField(null=True, blank=True, help_text="Of the prompt tokens.")
    cost = models.DecimalField(max_digits=22, decimal_places=12, null=True, blank=True, help_text="USD")
    # Null beside a cost in rows from before kinds of tokens were told apart. This and `reasoning` are nullable so that
    # databases add the columns without rewriting the tables.
    cost_source = models.CharField(max_length=10, choices=CostSource, null=True, blank=True)  # noqa: DJ001
    input_price = _price()
    cache_read_price = _price()
    cache_write_price = _price()
    output_price = _price()
    estimated = models.BooleanField(default=False, help_text="Tokens were estimated from the text.")
    time = models.FloatField(null=True, blank=True, help_text="seconds")
    ttft = models.FloatField("time to first token", null=True, blank=True, help_text="seconds")
    reasoning = models.TextField(null=True, blank=True, help_text="What the model thought before it answered.")  # noqa: DJ001
    finish_reason = models.CharField(  # noqa: DJ001 - nullable for the same reason
        max_length=15, choices=FinishReason, null=True, blank=True, help_text="How the answer ended; null is unknown."
    )

    class Meta:
        abstract = True


class Message(Measured):
    """One turn of a conversation; the figures are null for the user's own."""

    class Role(models.TextChoices):
        """Who speaks; a system prompt is kept on the conversation instead."""

        USER = "user"
        ASSISTANT = "assistant"

    class Status(models.TextChoices):
        """Whether it arrived whole, broke off, or never came."""

        COMPLETE = "complete"
        INTERRUPTED = "interrupted"
        ERROR = "error"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    role = models.CharField(max_length=10, choices=Role)
    content = models.TextField(blank=True)
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=200)
    status = models.CharField(max_length=15, choices=Status, default=Status.COMPLETE)
    created_at = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["conversation", "created_at", "id"], name="idx_message_conv_created")]

    def __str__(self) -> str:
        return f"{self.role} {self.id}"  # the admin writes it for every row of a list, which has no content


class ComparisonQuerySet(InvalidatingQuerySet["Comparison"]):
    """Comparisons, never without saying whose."""

    def for_user(self, user_id: int) -> "ComparisonQuerySet":
        """Only this user's."""
        return self.filter(user_id=user_id)

    def with_results(self) -> "ComparisonQuerySet":
        """Load the results in order, in one more query for all comparisons."""
        # The order of their index, so that the results of a page need no sorting.
        ordered = ComparisonResult.objects.order_by("comparison_id", "index")
        return self.prefetch_related(models.Prefetch("results", ordered))

    def clear_lost_votes(self) -> int:
        """Take back votes for results that are not there any more; returns how many."""
        preferred = ComparisonResult.objects.filter(
            comparison=models.OuterRef("pk"), index=models.OuterRef("preferred_index")
        )
        lost = self.filter(~models.Exists(preferred), preferred_index__isnull=False)
        return lost.update(preferred_index=None, voted_at=None)


class Comparison(models.Model):
    """One prompt, answered by several models side by side.

    A vote is there when `voted_at` is: for the result at `preferred_index`, or for a tie when that is null. Who wrote
    what in a `blind` comparison is withheld until `revealed`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comparisons", db_index=False
    )
    prompt = models.TextField()
    system = models.TextField(blank=True)
    blind = models.BooleanField(default=False)
    revealed = models.BooleanField(default=True)
    preferred_index = models.PositiveSmallIntegerField(null=True, blank=True)
    voted_at = models.DateTimeField(null=True, blank=True)
    analysis = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="idx_comparison_user_created")]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def hidden(self) -> bool:
        """Whether it is still to be kept secret which model wrote what."""
        return self.blind and not self.revealed


class ComparisonResultQuerySet(InvalidatingQuerySet["ComparisonResult"]):
    """Results, whose owner is that of their comparison."""

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete, and take back the votes for them in the same transaction."""
        return self.delete_by_parent("comparison", Comparison.objects.all(), ComparisonQuerySet.clear_lost_votes)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class ComparisonResult(Measured):
    """One model's part in a comparison: what arrived, and the error it ended with, if it did."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    comparison = models.ForeignKey(Comparison, on_delete=models.CASCADE, related_name="results", db_index=False)
    index = models.PositiveSmallIntegerField(help_text="The place it is shown at.")
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=200)
    response = models.TextField(blank=True)
    error = models.CharField(max_length=50, blank=True, help_text="The error's code.")
    error_message = models.CharField(max_length=1000, blank=True)

    objects = ComparisonResultQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["comparison", "index"], name="uniq_result_comparison_index")]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


class RepeatableRequest(models.Model):
    """A POST with an `Idempotency-Key`: what it stored, and whether it was answered.

    Nothing of what was said is copied here: the answer is the message or the comparison it points to. When that is
    deleted the row points to nothing, and the key stays spent. `claimed_at` is null when the attempt failed and the
    next one may begin; `attempt` tells attempts apart.
    """

    # A row is made with its conversation or comparison, whose constraints keep out a deleted user's. One more would be
    # checked at commit, while the conversation is locked, and wait in a circle with the deletion of the account.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    operation = models.CharField(max_length=10)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the body in canonical JSON.")
    attempt = models.UUIDField()
    claimed_at = models.DateTimeField(null=True)
    answered = models.BooleanField(default=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(null=True, help_text="When the user's message was stored.")
    # No foreign key: it would make Django load every message of a conversation that is deleted.
    answer_id = models.UUIDField(null=True)
    comparison = models.ForeignKey(Comparison, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "operation", "key"], name="uniq_repeatable_user_key")]

    def __str__(self) -> str:
        return f"{self.operation}: {self.key}"

    @property
    def deleted(self) -> bool:
        """Whether the conversation or comparison that it stored was deleted."""
        return self.conversation_id is None and self.comparison_id is None
