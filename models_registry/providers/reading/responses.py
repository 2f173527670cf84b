"""Reads OpenAI's responses (platform.openai.com/docs/api-reference/responses/object and responses-streaming)."""

from collections.abc import Mapping, Sequence
from typing import Any

from models_registry.calls.usage import Usage, responses_usage
from models_registry.errors import MalformedAnswer
from models_registry.providers.base import Piece, Reasoning, ToolDelta
from models_registry.providers.failures import Failures
from models_registry.providers.reading.events import EventReader

TEXTS = ("response.output_text.delta", "response.refusal.delta")
THOUGHTS = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
ARGUMENTS = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")
ENDS = ("response.completed", "response.incomplete", "response.failed")
CALLS = {"function_call": "arguments", "custom_tool_call": "input"}  # the items that a client has to answer


class ResponseReader(EventReader):
    """Reads the events of a response up to the one that ends it, and a whole `response`."""

    def __init__(self, failures: Failures) -> None:
        super().__init__(failures)
        self._numbers: dict[Any, int] = {}  # of tool calls, by the index of their item

    @property
    def usage(self) -> Usage | None:
        """What was reported, with the last event."""
        return responses_usage(self._counts)

    def event(self, event: dict[str, Any]) -> Sequence[Piece]:
        """Read one event; kinds that are not known are passed over, since OpenAI adds some."""
        kind, index = event.get("type"), event.get("output_index")
        self._about(event.get("response"))
        if kind in ENDS:
            self.ended = True
            self._stopped(event.get("response"))
        elif kind in TEXTS:
            return (_text(event.get("delta")),)
        elif kind in THOUGHTS:
            return (Reasoning(_text(event.get("delta"))),)
        elif kind in ARGUMENTS:
            return (ToolDelta(self._numbers.get(index, 0), arguments=_text(event.get("delta"))),)
        elif kind == "response.reasoning_summary_part.added" and event.get("summary_index"):
            return (Reasoning("\n\n"),)
        elif kind == "response.output_item.added":
            return self._called(event.get("item"), index)
        return ()

    def whole(self, answer: dict[str, Any]) -> Sequence[Piece]:
        """Read a `response`."""
        items = answer.get("output")
        if not isinstance(items, list):
            raise MalformedAnswer
        self._about(answer)
        pieces: list[Piece] = []
        for index, item in enumerate(items):
            if not isinstance(item, Mapping):
                raise MalformedAnswer
            if item.get("type") == "reasoning":
                thoughts = _texts(item.get("summary")) or _texts(item.get("content"))
                pieces.append(Reasoning("\n\n".join(thoughts)))
            elif item.get("type") == "message":
                pieces += _texts(item.get("content"))
            else:
                pieces += self._called(item, index)
        self._stopped(answer)
        return pieces

    def _about(self, response: Any) -> None:
        if isinstance(response, Mapping):
            self._counts.add(response.get("usage"))
            if not self.answer_id and isinstance(response.get("id"), str):
                self.answer_id = response["id"]

    def _called(self, item: Any, index: Any) -> Sequence[Piece]:
        """Read a call of a tool that the client has; OpenAI answers those of its own tools itself."""
        if not isinstance(item, Mapping) or item.get("type") not in CALLS:
            return ()
        self.called(item.get("name"))
        number = self._numbers.setdefault(index, len(self._numbers))
        names = ("call_id", "name", CALLS[item["type"]])
        return (ToolDelta(number, *(_text(item.get(name), strict=False) for name in names)),)

    def _stopped(self, response: Any) -> None:
        """Take how the response ended."""
        if not isinstance(response, Mapping):
            raise MalformedAnswer
        status, why = response.get("status"), response.get("incomplete_details")
        if status == "incomplete":
            self.finish(why.get("reason") if isinstance(why, Mapping) else None)
        elif status in ("failed", "cancelled") or response.get("error"):
            self.finish("failed", response.get("error"))
        else:
            self.finish("tool_calls" if self._numbers else "stop")
        self.complete = True


def _text(value: Any, *, strict: bool = True) -> str:
    if isinstance(value, str):
        return value
    if strict:
        raise MalformedAnswer
    return ""


def _texts(parts: Any) -> list[str]:
    """Read the texts of parts, and of a refusal what it says."""
    found = [part.get("text", part.get("refusal")) for part in parts or () if isinstance(part, Mapping)]
    return [text for text in found if isinstance(text, str)]
