"""Exports of a conversation: Markdown to read, JSON to process."""

from collections.abc import Callable, Iterator, Mapping
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
FRONT_FIELDS = ("title", "provider", "model", "system", "message_count", "created_at")
_json = JSONEncoder(ensure_ascii=False).encode


def markdown(conversation: Conversation) -> Iterator[str]:
    """Yield the parts of a Markdown document: the title, facts, and each message under a heading.

    The texts are sanitised, unlike those of the JSON document.
    """
    yield front({name: getattr(conversation, name) for name in FRONT_FIELDS})
    yield from map(section, _messages(conversation))


def front(conversation: Mapping[str, Any]) -> str:
    """Write what a Markdown document begins with, by the values of `FRONT_FIELDS`."""
    model = _one_line(f"{conversation['provider']}/{conversation['model']}")
    written = f"# {_one_line(conversation['title']) or 'Conversation'}\n\n- Model: {model}\n"
    written += f"- Started: {_time(conversation['created_at'])}\n- Messages: {conversation['message_count']}\n"
    return written + (f"\n## System\n\n{sanitise(conversation['system'])}\n" if conversation["system"] else "")


def section(message: Mapping[str, Any]) -> str:
    """Write a message as a section of a Markdown document."""
    parts = (f"## {_heading(message)}", _folded(message["reasoning"]), _body(message), _failure(message))
    return "".join(f"\n{part}\n" for part in parts if part)


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


def _heading(message: Mapping[str, Any]) -> str:
    who = "User" if message["role"] == Message.Role.USER else f"Assistant ({message['provider']}/{message['model']})"
    state = "" if message["status"] == Message.Status.COMPLETE else f", {message['status']}"
    reason = message["finish_reason"]
    ended = "" if reason in (None, FinishReasons.STOP, FinishReasons.ERROR) else f", ended by {reason}"
    return f"{_one_line(who)} — {_time(message['created_at'])}{state}{ended}"


def _folded(reasoning: str | None) -> str:
    """Fold what the model thought; the blank lines have Markdown read on inside the HTML."""
    return f"<details><summary>Reasoning</summary>\n\n{sanitise(reasoning)}\n\n</details>" if reasoning else ""


def _failure(message: Mapping[str, Any]) -> str:
    """Quote why the answer is missing or broke off."""
    return f"> **{message['error']}**: {_one_line(message['error_message'])}" if message["error"] else ""


def _body(message: Mapping[str, Any]) -> str:
    """Write the text, then whatever else the message holds: calls of tools and their answers as code, files by name."""
    others = [_part(part) for part in message["parts"] or () if part["type"] not in ("text", "reasoning")]
    return "\n\n".join(filter(None, [sanitise(message["content"]), *others]))


def _part(part: dict[str, Any]) -> str:
    kind = part["type"]
    if kind == "tool_call":
        return f"Called {_one_line(str(part['name']))}:\n\n{_code(str(part['arguments']))}"
    if kind == "tool_result":
        content = part["content"]
        text = content if isinstance(content, str) else _json(content)
        return f"{'Failed' if part.get('is_error') else 'Answered'}:\n\n{_code(text)}"
    name = part.get("name") or part.get("url") or part.get("media_type") or part.get("kind", "")
    return f"[{kind}: {_one_line(str(name))}]"


def _code(text: str) -> str:
    """Indent a text as code, which needs no escapes."""
    return "\n".join(f"    {line}" for line in text.splitlines() or [""])


def _one_line(text: str) -> str:
    return sanitise_line(" ".join(text.split()))


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
