"""Joins the steps of an answer: thoughts and calls of tools become parts of the message that they led to."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conversations.history.importing.reading.parsed import ParsedConversation, ParsedMessage
from models_registry.providers.base import Part


@dataclass(slots=True)
class Steps:
    """What an answer did before its text: parts in their order, and thoughts."""

    parts: list[Part] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    first_id: str = ""
    at: datetime | None = None
    model: str = ""

    def begin(self, original_id: str, at: datetime | None, model: str = "") -> None:
        """Note which turn the first step came from."""
        self.first_id, self.at = self.first_id or original_id, self.at or at
        self.model = model or self.model

    def __bool__(self) -> bool:
        return bool(self.parts or self.thoughts)

    def into(self, message: ParsedMessage) -> ParsedMessage:
        """Move the steps into the message that they led to."""
        if self.parts:
            own = message.parts or ([{"type": "text", "text": message.content}] if message.content else [])
            message.parts = [*self.parts, *own]
        if self.thoughts:
            message.reasoning = "\n\n".join([*self.thoughts, *([message.reasoning] if message.reasoning else [])])
        message.model = message.model or self.model
        self.clear()
        return message

    def flush(self, conversation: ParsedConversation) -> None:
        """Make a message without text of steps that led to none, as where an answer broke off."""
        if self:
            alone = ParsedMessage(self.first_id, "assistant", "", self.at, model=self.model)
            conversation.messages.append(self.into(alone))

    def clear(self) -> None:
        """Forget the steps."""
        self.parts, self.thoughts, self.first_id, self.at, self.model = [], [], "", None, ""


def parts_or_none(parts: list[Part]) -> list[Part] | None:
    """Return the parts of a message that is more than a text, None for a text alone."""
    return parts if any(part["type"] != "text" for part in parts) else None


def joined(parts: list[Part], separator: str = "\n\n") -> str:
    """Return the text of parts."""
    return separator.join(part["text"] for part in parts if part["type"] == "text" and part["text"])


def tool_call(name: str, arguments: str, call_id: str = "") -> Part:
    """Write a call of a tool."""
    return {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}


def tool_result(content: str, call_id: str = "", *, is_error: bool = False) -> Part:
    """Write what a tool answered."""
    return {"type": "tool_result", "id": call_id, "content": content, "is_error": is_error}


def named(kind: str, **facts: Any) -> Part:
    """Write a part for an image or a file that the export names, but whose bytes are not imported."""
    return {"type": kind, **{name: value for name, value in facts.items() if value}}
