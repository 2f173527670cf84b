"""Exports of a conversation: Markdown to read, JSON to process."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from rest_framework.utils.encoders import JSONEncoder

from conversations.history.queries import message_batches
from conversations.history.sanitising import sanitise, sanitise_line
from conversations.history.serializers import message_row
from conversations.models import Conversation, Message
from models_registry.providers.reading.finish import FinishReasons
from perf.db.connections import release

JSON_FIELDS = (
    *("id", "title", "provider", "model", "system"),
    *("message_count", "created_at", "updated_at", "last_message_at"),
)
_json = JSONEncoder(ensure_ascii=False).encode


def markdown(conversation: Conversation) -> Iterator[str]:
    """Yield the parts of a Markdown document: the title, facts, and each message under a heading.

    The texts are sanitised, unlike those of the JSON document.
    """
    yield f"# {_one_line(conversation.title) or 'Conversation'}\n\n"
    yield f"- Model: {_one_line(f'{conversation.provider}/{conversation.model}')}\n"
    yield f"- Started: {_time(conversation.created_at)}\n- Messages: {conversation.message_count}\n"
    if conversation.system:
        yield f"\n## System\n\n{sanitise(conversation.system)}\n"
    for message in _messages(conversation):
        parts = (_folded(message["reasoning"]), sanitise(message["content"]), _failure(message))
        yield "".join(f"\n{part}\n" for part in (f"## {_heading(message)}", *parts) if part)


def json_document(conversation: Conversation) -> Iterator[str]:
    """Yield the parts of one JSON object: the conversation's fields, its system prompt, and `messages`, one a line."""
    yield _json({name: getattr(conversation, name) for name in JSON_FIELDS}).removesuffix("}") + ', "messages": ['
    separator = "\n"
    for message in _messages(conversation):
        yield separator + _json(message_row(message))
        separator = ",\n"
    yield "\n]}\n"


FORMATS: dict[str, tuple[str, str, Callable[[Conversation], Iterator[str]]]] = {
    "markdown": ("text/markdown; charset=utf-8", "md", markdown),
    "json": ("application/json", "json", json_document),
}


def _messages(conversation: Conversation) -> Iterator[dict[str, Any]]:
    """Yield the messages, without holding a connection while a slow client reads them."""
    for batch in message_batches(conversation.pk):
        release()
        yield from batch


def _heading(message: dict[str, Any]) -> str:
    who = "User" if message["role"] == Message.Role.USER else f"Assistant ({message['provider']}/{message['model']})"
    state = "" if message["status"] == Message.Status.COMPLETE else f", {message['status']}"
    reason = message["finish_reason"]
    ended = "" if reason in (None, FinishReasons.STOP, FinishReasons.ERROR) else f", ended by {reason}"
    return f"{_one_line(who)} — {_time(message['created_at'])}{state}{ended}"


def _folded(reasoning: str | None) -> str:
    """Fold what the model thought; the blank lines have Markdown read on inside the HTML."""
    return f"<details><summary>Reasoning</summary>\n\n{sanitise(reasoning)}\n\n</details>" if reasoning else ""


def _failure(message: dict[str, Any]) -> str:
    """Quote why the answer is missing or broke off."""
    return f"> **{message['error']}**: {_one_line(message['error_message'])}" if message["error"] else ""


def _one_line(text: str) -> str:
    return sanitise_line(" ".join(text.split()))


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
