"""Conversations and their messages, comparisons and their results."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Left
from django.utils import timezone
from uuid_utils.compat import uuid7

from conversations.comparisons.replays.models import PromptSet, Replay
from conversations.completions.idempotency.models import RepeatableRequest
from conversations.completions.measured import Measured
from conversations.files.models import FileUse, StoredFile
from conversations.history.importing.models import Import, Imported
from conversations.history.sharing.models import Share
from conversations.selection.models import SelectionSettings
from perf.caching.querysets import InvalidatingQuerySet

__all__ = [  # with the models of other rooms, which Django looks for here
    "Comparison",
    "ComparisonResult",
    "Conversation",
    "FileUse",
    "Import",
    "Imported",
    "Message",
    "PromptSet",
    "RepeatableRequest",
    "Replay",
    "SelectionSettings",
    "Share",
    "StoredFile",
]

PREVIEW_LENGTH = 100  # characters
TITLE_LENGTH = 200  # characters


class ConversationQuerySet(InvalidatingQuerySet["Conversation"]):
    """Conversations, by user."""

    def for_user(self, user_id: int) -> "ConversationQuerySet":
        """Return this user's rows."""
        return self.filter(user_id=user_id)

    def recount(self) -> int:
        """Set `message_count`, `preview` and `last_message_at` by the messages, and forget the digest of what changed.

        Returns the number of rows.
        """
        own = Message.objects.filter(conversation=models.OuterRef("pk")).order_by()
        newest = own.order_by("-created_at", "-id")
        count = own.values("conversation").annotate(count=models.Count("pk")).values("count")
        asked = newest.filter(role=Message.Role.USER).values(text=Left("content", PREVIEW_LENGTH))
        return self.update(
            message_count=Coalesce(models.Subquery(count), 0),
            preview=Coalesce(models.Subquery(asked[:1]), models.Value("")),
            last_message_at=Coalesce(models.Subquery(newest.values("created_at")[:1]), "created_at"),
            updated_at=timezone.now(),
            digest=None,
        )


class Conversation(models.Model):
    """A chat of one user. Provider and model are text, so that changes of the registry do not affect it.

    `message_count`, `preview` (of the last user message) and `last_message_at` change in the transaction that
    adds a message, so that a list never reads messages.
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
    source = models.CharField(max_length=20, null=True, blank=True, help_text="Null if it began here.")  # noqa: DJ001
    # Null without one: a call is under way, or the last message came by another way than the gateway.
    digest = models.CharField(  # noqa: DJ001
        max_length=64, null=True, blank=True, editable=False, help_text="SHA-256 of the turns that a client sends back."
    )
    running = models.UUIDField(null=True, blank=True, editable=False, help_text="The stream of the running answer.")
    running_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When it was last seen to run.")

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
            models.Index(
                fields=["user", "digest"],
                name="idx_conversation_user_digest",
                condition=models.Q(digest__isnull=False),
            ),
            models.Index(
                fields=["running"], name="idx_conversation_running", condition=models.Q(running__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)  # the admin's log keeps this text longer than the conversation


class MessageQuerySet(InvalidatingQuerySet["Message"]):
    """Messages of conversations."""

    def history(self, conversation_id: UUID) -> "MessageQuerySet":
        """Return the messages of a conversation with text or parts, oldest first: no errors, no empty ones."""
        rows = self.filter(conversation_id=conversation_id).exclude(status=Message.Status.ERROR)
        rows = rows.exclude(content="", parts__isnull=True)
        return rows.order_by("created_at", "id")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the messages, and recount those of their conversations in the same transaction.

        The conversations are locked first, in the same order as for the deletion of an account, so that no answer
        arrives between the deletion and the count.
        """
        return self.delete_by_parent("conversation", Conversation.objects.all(), _recount_without_files)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class Message(Measured):
    """One turn of a conversation, and why it is no whole answer; the figures of a user's message are null."""

    class Role(models.TextChoices):
        """The author; a system prompt belongs to the conversation instead."""

        USER = "user"
        ASSISTANT = "assistant"

    class Status(models.TextChoices):
        """Whether an answer arrived completely, in part, or not at all."""

        COMPLETE = "complete"
        INTERRUPTED = "interrupted"
        ERROR = "error"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    role = models.CharField(max_length=10, choices=Role)
    content = models.TextField(blank=True)
    parts = models.JSONField(
        null=True, blank=True, help_text="All of a message that is more than a text: images, tools, in their order."
    )
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=200)
    status = models.CharField(max_length=15, choices=Status, default=Status.COMPLETE)
    # Null in questions, in whole answers, and in answers of versions that kept no reason.
    error = models.CharField(max_length=50, null=True, blank=True, help_text="The error's code.")  # noqa: DJ001
    error_message = models.CharField(max_length=1000, null=True, blank=True)  # noqa: DJ001
    request_id = models.CharField(max_length=64, null=True, blank=True, help_text="Of the request that failed.")  # noqa: DJ001
    dropped_messages = models.PositiveIntegerField(null=True, blank=True, help_text="The oldest, left out of the call.")
    selection = models.JSONField(null=True, blank=True, editable=False, help_text="Why this model was chosen.")
    created_at = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["conversation", "created_at", "id"], name="idx_message_conv_created")]

    def __str__(self) -> str:
        return f"{self.role} {self.id}"  # for every row of an admin list, which does not load the content


def _recount_without_files(conversations: ConversationQuerySet) -> None:
    """Recount the messages of conversations, and let go of the files that deleted ones showed."""
    conversations.recount()
    shown = models.Exists(Message.objects.filter(pk=models.OuterRef("message_id")))
    FileUse.objects.filter(~shown, conversation__in=conversations).delete()


class ComparisonQuerySet(InvalidatingQuerySet["Comparison"]):
    """Comparisons, by user."""

    def for_user(self, user_id: int) -> "ComparisonQuerySet":
        """Return this user's rows."""
        return self.filter(user_id=user_id)

    def with_results(self) -> "ComparisonQuerySet":
        """Load the results by index, in one more query for all comparisons."""
        # The order of the database index, so that the results of a page need no sorting.
        ordered = ComparisonResult.objects.order_by("comparison_id", "index")
        return self.prefetch_related(models.Prefetch("results", ordered))

    def clear_lost_votes(self) -> int:
        """Clear the votes for deleted results; returns the number of comparisons."""
        preferred = ComparisonResult.objects.filter(
            comparison=models.OuterRef("pk"), index=models.OuterRef("preferred_index")
        )
        lost = self.filter(~models.Exists(preferred), preferred_index__isnull=False)
        return lost.update(preferred_index=None, voted_at=None)


class Comparison(models.Model):
    """One prompt with the answers of several models.

    With `voted_at` there is a vote: for the result at `preferred_index`, or, when that is null, for a tie, or against
    all results if they are `both_bad`. A `blind` comparison withholds the models until it is `revealed`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comparisons", db_index=False
    )
    prompt = models.TextField()
    attachments = models.JSONField(null=True, blank=True, help_text="The files of the prompt, as parts of messages.")
    system = models.TextField(blank=True)
    blind = models.BooleanField(default=False)
    revealed = models.BooleanField(default=True)
    preferred_index = models.PositiveSmallIntegerField(null=True, blank=True)
    # Null is false: databases add a nullable column without rewriting the table.
    both_bad = models.BooleanField(null=True, blank=True, help_text="The vote is that no answer is good.")
    voted_at = models.DateTimeField(null=True, blank=True)
    analysis = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    replay = models.ForeignKey(Replay, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    replay_place = models.PositiveIntegerField(
        null=True, editable=False, help_text="The place in the replay's plan; stays when the replay is deleted."
    )

    objects = ComparisonQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="idx_comparison_user_created")]
        constraints = [
            models.UniqueConstraint(
                fields=["replay", "replay_place"],
                name="uniq_comparison_replay_place",
                condition=models.Q(replay__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def hidden(self) -> bool:
        """Whether the models are still withheld."""
        return self.blind and not self.revealed


class ComparisonResultQuerySet(InvalidatingQuerySet["ComparisonResult"]):
    """Results of comparisons."""

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the results, and clear the votes for them in the same transaction."""
        return self.delete_by_parent("comparison", Comparison.objects.all(), ComparisonQuerySet.clear_lost_votes)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class ComparisonResult(Measured):
    """The answer of one model, and the code and text of the error that it ended with, if any."""

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
