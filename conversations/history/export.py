"""A conversation as a file to keep: Markdown to read, JSON to process."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from rest_framework.utils.encoders import JSONEncoder

from conversations.history.queries import message_batches
from conversations.history.sanitising import disarm, disarm_line
from conversations.history.serializers import message_row
from conversations.models import Conversation, FinishReason, Message
from perf.db.connections import release

_json = JSONEncoder(ensure_ascii=False).encode


def markdown(conversation: Conversation) -> Iterator[str]:
    """Yield the parts of a Markdown document: title, facts, and each message under a heading.

    Raw HTML and images in what was written are disarmed; the JSON document has everything as it was.
    """
    yield f"# {_one_line(conversation.title) or 'Conversation'}\n\n"
    yield f"- Model: {_one_line(conversation.provider)}/{_one_line(conversation.model)}\n"
    yield f"- Started: {_time(conversation.created_at)}\n- Messages: {conversation.message_count}\n"
    if conversation.system:
        yield f"\n## System\n\n{disarm(conversation.system)}\n"
    for message in _messages(conversation):
        yield f"\n## {_heading(message)}\n\n{_folded(message['reasoning'])}{disarm(message['content'])}\n"


def json_document(conversation: Conversation) -> Iterator[str]:
    """Yield the parts of one JSON object: the conversation's fields, its system prompt, and `messages`, one a line."""
    facts = {
        "id": conversation.pk,
        "title": conversation.title,
        "provider": conversation.provider,
        "model": conversation.model,
        "system": conversation.system,
        "message_count": conversation.message_count,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "last_message_at": conversation.last_message_at,
    }
    yield _json(facts).removesuffix("}") + ', "messages": ['
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
    """Read messages in batches, holding no connection while a slow client takes them."""
    for batch in message_batches(conversation.pk):
        release()
        yield from batch


def _heading(message: dict[str, Any]) -> str:
    who = "User" if message["role"] == Message.Role.USER else f"Assistant ({message['provider']}/{message['model']})"
    state = "" if message["status"] == Message.Status.COMPLETE else f", {message['status']}"
    reason = message["finish_reason"]
    ended = "" if reason in (None, FinishReason.STOP, FinishReason.ERROR) else f", ended by {reason}"
    return f"{_one_line(who)} — {_time(message['created_at'])}{state}{ended}"


def _folded(reasoning: str | None) -> str:
    """Fold what the model thought; the blank lines have Markdown read on inside the HTML."""
    return f"<details><summary>Reasoning</summary>\n\n{disarm(reasoning)}\n\n</details>\n\n" if reasoning else ""


def _one_line(text: str) -> str:
    return disarm_line(" ".join(text.split()))


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
