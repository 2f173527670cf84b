"""Serializers of conversations, messages and chats."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from conversations.completions import usage
from conversations.completions.reasons import AnswerError, error_row
from conversations.completions.streams.fields import OnDisconnectField
from conversations.completions.streams.urls import stream_url
from conversations.models import TITLE_LENGTH, Message
from models_registry.api.fields import EffortField, ProviderField
from models_registry.providers.reading.finish import FinishReasons
from perf.api.fields import (
    FilterField,
    FlagField,
    IdField,
    ItemSerializer,
    NumberField,
    ShortListField,
    TextField,
    WholeNumberField,
)

AUTO = "auto"  # as a model without a provider: one is chosen
TEXT_LIMIT = 100_000  # characters of a message or a prompt
TURN_LIMIT = 200  # messages a request
ATTACHMENT_LIMIT = 10  # files of a question


class ConversationQuery(serializers.Serializer[Any]):
    """What a conversation list can be narrowed by."""

    provider = FilterField(max_length=50)
    model = FilterField(max_length=200)
    search = FilterField(
        max_length=200,
        help_text='Words of the title or of a message, all of them; the last may be unfinished; a "phrase" in quotes.',
    )


class Conversation(serializers.Serializer[Any]):
    """A conversation without its messages; `snippet` is null unless searching."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()
    source = serializers.CharField(  # type: ignore[assignment]  # the base class has an attribute of this name
        allow_null=True, help_text="The product it was imported from; null if it began here."
    )
    message_count = serializers.IntegerField()
    preview = serializers.CharField()
    snippet = serializers.CharField(allow_null=True, help_text="HTML: what was found in <mark>, the rest escaped.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    last_message_at = serializers.DateTimeField()


class MessageOutput(usage.PricedOutput):
    """A message; times in seconds, null for the user's own."""

    id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=Message.Role.choices)
    content = serializers.CharField()
    parts = serializers.ListField(
        child=serializers.DictField(),
        allow_null=True,
        help_text="All of a message that is more than a text, in its order: texts, images, files, calls of tools and "
        "what they answered. `type` says which it is.",
    )
    reasoning = serializers.CharField(allow_null=True, help_text="What the model thought before it answered.")
    provider = serializers.CharField()
    model = serializers.CharField()
    status = serializers.ChoiceField(choices=Message.Status.choices)
    finish_reason = serializers.ChoiceField(
        choices=FinishReasons.choices, allow_null=True, help_text="How the answer ended; null is unknown."
    )
    error = AnswerError(allow_null=True, help_text="Why the answer is missing or broke off, as the request was told.")
    time = serializers.FloatField(allow_null=True)
    ttft = serializers.FloatField(allow_null=True)
    created_at = serializers.DateTimeField()


# The columns of rows, which become cached bytes without a serializer.
CONVERSATION_FIELDS: tuple[str, ...] = tuple(name for name in Conversation().get_fields() if name != "snippet")
OWN_FIELDS = tuple(name for name in MessageOutput().get_fields() if name not in usage.PricedOutput().get_fields())
MESSAGE_FIELDS = (*OWN_FIELDS, "error_message", *usage.FIELDS)


class Running(serializers.Serializer[Any]):
    """An answer that is being written."""

    stream_id = serializers.UUIDField()
    url = serializers.CharField(help_text="Where its events are read; POST to `{url}/stop` stops it.")


class ConversationDetail(Conversation):
    """A conversation with its newest 50 messages, oldest first."""

    running = Running(allow_null=True, help_text="The answer that is being written, the newest if there are several.")
    messages = MessageOutput(many=True)
    older_messages = serializers.CharField(allow_null=True, help_text="Link to the page before these, or null.")


class ConversationInput(serializers.Serializer[Any]):
    """A conversation to begin without a message."""

    provider = ProviderField()
    model = TextField(max_length=200)
    title = TextField(max_length=TITLE_LENGTH, required=False, allow_blank=True, default="")


class TitleInput(serializers.Serializer[Any]):
    """A new title."""

    title = TextField(max_length=TITLE_LENGTH)


class AttachmentsField(ShortListField):
    """The ids of one's own files, each once."""

    child = IdField()

    def __init__(self, **options: Any) -> None:
        about = "The ids of files (`POST /api/v1/files`) that go with the message: images, PDFs, texts."
        super().__init__(required=False, max_length=ATTACHMENT_LIMIT, help_text=about, **options)

    def to_internal_value(self, data: Any) -> list[Any]:
        """Check that none is there twice."""
        ids = super().to_internal_value(data)
        if len(set(ids)) < len(ids):
            raise serializers.ValidationError("Name each file once.")
        return ids


class TurnInput(ItemSerializer):
    """One message of a chat begun elsewhere."""

    role = serializers.ChoiceField(choices=["user", "assistant", "system"])
    content = TextField(max_length=TEXT_LIMIT)


class ContinueInput(serializers.Serializer[Any]):
    """How a model is called; what is left out or null is the provider's default."""

    temperature = NumberField(min_value=0, max_value=2, required=False, allow_null=True)
    max_tokens = WholeNumberField(min_value=1, max_value=10_000_000, required=False, allow_null=True)
    reasoning_effort = EffortField()
    prompt_caching = FlagField(
        default=True, help_text="Have the vendor cache the conversation where that saves money (Anthropic)."
    )
    context = serializers.ChoiceField(  # type: ignore[assignment]  # a field, which the metaclass takes away
        choices=["full", "auto"],
        default="full",
        help_text="`auto` leaves out the oldest messages that the model's context window does not hold.",
    )
    on_disconnect = OnDisconnectField()


class ParametersInput(ContinueInput):
    """Which model is called, and how."""

    provider = ProviderField(required=False)
    model = TextField(max_length=200, required=False)


class RetryInput(ParametersInput):
    """How to answer a question again; the conversation's provider and model by default."""


class ContentInput(serializers.Serializer[Any]):
    """A new text of a question."""

    content = TextField(max_length=TEXT_LIMIT)


class ChatInput(ParametersInput):
    """A message to a model: exactly one of `message` and `messages`; with `conversation_id` only `message`."""

    message = TextField(max_length=TEXT_LIMIT, required=False)
    messages = ShortListField(child=TurnInput(), required=False, min_length=1, max_length=TURN_LIMIT)
    attachments = AttachmentsField()
    conversation_id = IdField(required=False, allow_null=True)
    system = TextField(max_length=TEXT_LIMIT, required=False, allow_blank=True, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the rules between fields. Raises ValidationError."""
        continues = attrs.get("conversation_id") is not None
        problems: dict[str, str] = {}
        if not continues and (attrs.get("model") != AUTO or "provider" in attrs):
            problems |= {name: "This field is required." for name in ("provider", "model") if name not in attrs}
        if ("message" in attrs) == ("messages" in attrs):
            problems["message"] = "Give exactly one of `message` and `messages`."
        elif "messages" in attrs:
            if continues:
                problems["messages"] = "A conversation that exists takes `message`, one at a time."
            elif attrs["messages"][-1]["role"] != "user":
                problems["messages"] = "The last message must be by the user."
        if problems:
            raise serializers.ValidationError(problems)
        return attrs


class SuggestedComparison(serializers.Serializer[Any]):
    """Two models for `POST /compare` with the same prompt, of which it is not known well enough which one is better."""

    models = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    blind = serializers.BooleanField()
    probability = serializers.FloatField(
        allow_null=True, help_text="That the first one is worth more; null before there is a vote on the second."
    )


class SelectionReason(serializers.Serializer[Any]):
    """Why a model was chosen."""

    code = serializers.ChoiceField(choices=["votes", "too_few_votes", "only_candidate"])
    message = serializers.CharField()


class SelectionOutput(serializers.Serializer[Any]):
    """The model that `auto` chose, why, and those that failed before it began."""

    provider = serializers.CharField()
    model = serializers.CharField()
    reason = SelectionReason()
    votes = serializers.IntegerField(help_text="Your votes that the choice goes by.")
    category = serializers.CharField(help_text="What kind of prompt it was taken for.")
    failed = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    compare_suggested = SuggestedComparison(allow_null=True)


class ContextOutput(serializers.Serializer[Any]):
    """What of the conversation was sent to the model."""

    dropped_messages = serializers.IntegerField(help_text="The oldest messages, left out since they did not fit.")


class ChatOutput(serializers.Serializer[Any]):
    """The answer, and the message it is stored as."""

    conversation_id = serializers.UUIDField()
    question_id = serializers.UUIDField(
        help_text="The question, by which to retry, edit or delete it: unlike the answer's, its id stays."
    )
    response = serializers.CharField()
    message = MessageOutput()
    context = ContextOutput()  # type: ignore[assignment]
    selection = SelectionOutput(required=False, help_text="Only of a request for the model `auto`.")


def conversation_row(values: dict[str, Any], snippet: str | None = None) -> dict[str, Any]:
    """Return the values of `CONVERSATION_FIELDS` as `Conversation` documents them."""
    return {**values, "snippet": snippet}


def running_row(kind: str, stream_id: UUID | None) -> dict[str, Any] | None:
    """Write the running stream of a `chat` or a `compare` the way `Running` documents it."""
    return None if stream_id is None else {"stream_id": stream_id, "url": stream_url(kind, stream_id)}


def message_row(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values of `MESSAGE_FIELDS` as `MessageOutput` documents them."""
    row = {name: values[name] for name in OWN_FIELDS} | usage.priced_row(values)
    return row | {"error": error_row(values["error"], values["error_message"])}
