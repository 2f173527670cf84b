"""The rows of imported conversations and messages: ids, times in their order, titles, previews, lengths."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from psycopg.types.json import Jsonb

from conversations.chat.service import TITLE_FROM_MESSAGE
from conversations.completions.parts import kept_parts
from conversations.history.importing.reading.parsed import ParsedConversation, ParsedMessage
from conversations.history.importing.reading.values import UNKNOWN_MODEL
from conversations.history.importing.storing.identity import as_uuid, message_id
from conversations.models import PREVIEW_LENGTH, TITLE_LENGTH, Message
from models_registry.providers.base import Part

STEP = timedelta(microseconds=1)  # at least between two messages of a conversation, whose times differ
UNTIMED_STEP = timedelta(milliseconds=1)  # after the message before, for one without a time
OF_CONVERSATION = (
    *("id", "user_id", "provider", "model", "title", "system", "message_count", "preview", "created_at", "updated_at"),
    *("last_message_at", "source"),
)
FIGURES = (
    *("prompt_tokens", "completion_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    *("reasoning_tokens", "input_audio_tokens", "output_audio_tokens", "input_image_tokens"),
    *("input_price", "cache_read_price", "cache_write_price", "output_price", "cost", "cost_source", "time", "ttft"),
    *("finish_reason", "error", "error_message", "request_id", "dropped_messages"),
)
# `metered` false: the call was another server's, and nobody counts it as usage here.
OF_MESSAGE = (
    *("id", "conversation_id", "role", "content", "parts", "provider", "model", "status", "created_at", "reasoning"),
    *("estimated", "metered", *FIGURES),
)


def times(conversation: ParsedConversation, otherwise: datetime) -> list[datetime]:
    """Return the times of the messages, each later than the one before, and none in the future."""
    now, found = timezone.now(), list[datetime]()
    start = conversation.created_at or next(
        (each.created_at for each in conversation.messages if each.created_at), None
    )
    previous = min(start or otherwise, now) - STEP
    for message in conversation.messages:
        at = min(message.created_at, now) if message.created_at else previous + UNTIMED_STEP
        previous = max(at, previous + STEP)
        found.append(previous)
    return found


def message_ids(conversation: UUID, original_id: str, messages: Sequence[ParsedMessage]) -> dict[UUID, int]:
    """Return the ids of messages with their places; of those with the same original id the first counts.

    In a conversation that is the original itself, messages are the originals, too.
    """
    found: dict[UUID, int] = {}
    itself = as_uuid(original_id) == conversation
    for number, message in enumerate(messages):
        given = as_uuid(message.original_id) if itself else None
        found.setdefault(given or message_id(conversation, message.original_id), number)
    return found


def conversation_row(
    pk: UUID, user_id: int, parsed: ParsedConversation, at: Sequence[datetime], otherwise: datetime
) -> tuple[Any, ...]:
    """Return the values of `OF_CONVERSATION` for a conversation with exactly the messages at these times."""
    asked = [message.content for message in parsed.messages if message.role == Message.Role.USER]
    title = parsed.title or (asked[0] if asked else "")[:TITLE_FROM_MESSAGE].rstrip()
    first, last = (at[0], at[-1]) if at else (otherwise, otherwise)
    created_at = min(parsed.created_at or first, first)
    return (
        *(
            pk,
            user_id,
            parsed.provider[:50] or parsed.source,
            parsed.model[:200] or UNKNOWN_MODEL,
            title[:TITLE_LENGTH],
        ),
        *(parsed.system, len(at), (asked[-1] if asked else "")[:PREVIEW_LENGTH], created_at),
        *(max(last, min(parsed.updated_at or last, timezone.now())), last, parsed.source),
    )


def message_row(
    pk: UUID, conversation: UUID, message: ParsedMessage, of: ParsedConversation, at: datetime
) -> tuple[Any, ...]:
    """Return the values of `OF_MESSAGE`."""
    figures = message.figures
    return (
        *(pk, conversation, message.role, message.content, _json(kept_parts(message.parts))),
        *((message.provider or of.provider)[:50], (message.model or of.model)[:200] or UNKNOWN_MODEL),
        *(message.status, at, message.reasoning, bool(figures.get("estimated")), False),
        *(figures.get(name) for name in FIGURES),
    )


def _json(parts: list[Part] | None) -> Any:
    """Return parts as the driver takes them in a COPY, which asks no field of the model."""
    return Jsonb(parts) if parts is not None and connection.vendor == "postgresql" else parts
