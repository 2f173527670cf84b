"""Writes answers as OpenAI's responses (platform.openai.com/docs/api-reference/responses and responses-streaming)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from models_registry.protocols.answers import Answer, seconds_of
from models_registry.protocols.responses_requests import ENCRYPTED, SIGNED
from models_registry.providers.base import Piece, Reasoning, Signature, ToolDelta

PREFIX = "resp_"
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter", "refusal": "content_filter"}
RATE_LIMITED = "rate_limit_exceeded"  # besides server_error the one code of a failed response that fits our errors
# What a response says again of its request, with what is so where the request does not say it.
ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}


@dataclass(slots=True)
class _Item:
    """An item of the output that is written: `kind` is its type, `place` its index, `text` all that it holds so far."""

    kind: str
    place: int
    facts: dict[str, Any]
    text: list[str] = field(default_factory=list)
    is_open: bool = True

    @property
    def id(self) -> str:
        return str(self.facts["id"])

    def value(self, status: str) -> dict[str, Any]:
        """Write the item; one that has only begun holds nothing."""
        text = "".join(self.text)
        begun = status == "in_progress"
        if self.kind == "message":
            return {**self.facts, "status": status, "content": [] if begun else [_output_text(text)]}
        if self.kind == "reasoning":
            return {**self.facts, "summary": [] if begun else [_summary(text)]}
        return {**self.facts, "status": status, "arguments": "" if begun else text or "{}"}


class ResponseWriter:
    """Writes a `response`, or its events; reasoning is a summary, with the vendor's proof if `include` asks for it."""

    def __init__(self, model: str, answer_id: UUID, asked: Mapping[str, Any]) -> None:
        """Take the request's body, of which a response says some again."""
        echoed = {name: asked.get(name) for name in ECHOED}
        self._head = {
            "id": id_of(answer_id),
            "object": "response",
            "created_at": seconds_of(answer_id),
            "background": False,
            "error": None,
            "incomplete_details": None,
            "model": model,
            **{name: ECHOED[name] if value is None else value for name, value in echoed.items()},
        }
        self._signs = ENCRYPTED in (asked.get("include") or ())
        self._items: list[_Item] = []
        self._calls: dict[int, _Item] = {}  # by the number of the call
        self._number = -1  # of the last event

    def whole(self, answer: Answer) -> dict[str, Any]:
        """Write a `response`."""
        if answer.reasoning:
            self._begun("reasoning").text.append(answer.reasoning)
            self._sign(answer.signature)
        if answer.text or not answer.tool_calls:
            self._begun("message").text.append(answer.text)
        for part in answer.tool_calls:
            self._begun("function_call", part["id"], part["name"]).text.append(part["arguments"])
        return self._ended(answer)

    def begin(self) -> bytes:
        """Write response.created and response.in_progress."""
        begun = {**self._head, "status": "in_progress", "output": [], "usage": None}
        return self._event("response.created", response=begun) + self._event("response.in_progress", response=begun)

    def piece(self, piece: Piece) -> bytes:
        """Write a delta, after the beginning of its item where it is the first one."""
        if isinstance(piece, Reasoning):
            opening, item = self._opened("reasoning")
            item.text.append(piece)
            return opening + self._of(item, "reasoning_summary_text.delta", summary_index=0, delta=piece)
        if isinstance(piece, str):
            opening, item = self._opened("message")
            item.text.append(piece)
            return opening + self._of(item, "output_text.delta", content_index=0, delta=piece, logprobs=[])
        if isinstance(piece, Signature):
            self._sign(piece.text)
            return b""
        return self._tool(piece)

    def end(self, answer: Answer) -> bytes:
        """Write what ends the items, and response.completed or response.incomplete with all of it."""
        said = any(item.kind != "reasoning" for item in self._items)
        opening = b"" if said else self._opened("message")[0]
        closing = b"".join(self._closed(item) for item in self._items if item.is_open)
        response = self._ended(answer)
        return opening + closing + self._event(f"response.{response['status']}", response=response)

    def failed(self, error: dict[str, Any]) -> bytes:
        """Write error, and response.failed with what had arrived."""
        said = error["error"]
        told = {"code": said["code"], "message": said["message"], "param": said["param"]}
        code = said["code"] if said["code"] == RATE_LIMITED else "server_error"
        output = [item.value("incomplete") for item in self._items]
        head = {**self._head, "error": {"code": code, "message": said["message"]}}
        failed = {**head, "status": "failed", "output": output, "usage": None}
        return self._event("error", **told) + self._event("response.failed", response=failed)

    def _tool(self, delta: ToolDelta) -> bytes:
        """Write a piece of a call; all of them stay open, for their pieces may come in any order."""
        item, opening = self._calls.get(delta.number), b""
        if item is None:
            opening = self._close_last()
            item = self._calls[delta.number] = self._begun("function_call", delta.id, delta.name)
            opening += self._added(item)
        if not delta.arguments:
            return opening
        item.text.append(delta.arguments)
        return opening + self._of(item, "function_call_arguments.delta", delta=delta.arguments)

    def _opened(self, kind: str) -> tuple[bytes, _Item]:
        """Begin an item of text, unless one of the same kind is open; ends the one that is."""
        last = self._items[-1] if self._items else None
        if last is not None and last.is_open and last.kind == kind:
            return b"", last
        closing = self._close_last()
        item = self._begun(kind)
        opening = closing + self._added(item)
        if kind == "message":
            return opening + self._of(item, "content_part.added", content_index=0, part=_output_text("")), item
        return opening + self._of(item, "reasoning_summary_part.added", summary_index=0, part=_summary("")), item

    def _close_last(self) -> bytes:
        """End the item of text that is open, if there is one."""
        last = self._items[-1] if self._items else None
        return self._closed(last) if last is not None and last.is_open and last.kind != "function_call" else b""

    def _closed(self, item: _Item) -> bytes:
        item.is_open = False
        text, value = "".join(item.text), item.value("completed")
        if item.kind == "message":
            done = self._of(item, "output_text.done", content_index=0, text=text, logprobs=[])
            done += self._of(item, "content_part.done", content_index=0, part=_output_text(text))
        elif item.kind == "reasoning":
            done = self._of(item, "reasoning_summary_text.done", summary_index=0, text=text)
            done += self._of(item, "reasoning_summary_part.done", summary_index=0, part=_summary(text))
        else:
            arguments, name = value["arguments"], item.facts["name"]
            done = b"" if text else self._of(item, "function_call_arguments.delta", delta=arguments)
            done += self._of(item, "function_call_arguments.done", arguments=arguments, name=name)
        return done + self._event("response.output_item.done", output_index=item.place, item=value)

    def _begun(self, kind: str, call_id: str = "", name: str = "") -> _Item:
        facts: dict[str, Any] = {"type": kind}
        if kind == "message":
            facts |= {"id": f"msg_{uuid4().hex}", "role": "assistant"}
        elif kind == "reasoning":
            facts |= {"id": f"rs_{uuid4().hex}"}
        else:
            facts |= {"id": f"fc_{uuid4().hex}", "call_id": call_id or f"call_{uuid4().hex[:24]}", "name": name}
        item = _Item(kind, len(self._items), facts)
        self._items.append(item)
        return item

    def _sign(self, signature: str) -> None:
        """Add the proof to the last reasoning."""
        last = self._items[-1] if self._items else None
        if self._signs and signature and last is not None and last.kind == "reasoning":
            last.facts["encrypted_content"] = last.facts.get("encrypted_content", SIGNED) + signature

    def _ended(self, answer: Answer) -> dict[str, Any]:
        reason = INCOMPLETE.get(str(answer.finish_reason))
        status = "incomplete" if reason else "completed"
        output = [item.value("completed") for item in self._items]
        if reason and "status" in output[-1]:
            output[-1]["status"] = status
        details = {"reason": reason} if reason else None
        ended = {"incomplete_details": details, "status": status, "output": output, "usage": usage(answer)}
        return {**self._head, **ended}

    def _added(self, item: _Item) -> bytes:
        return self._event("response.output_item.added", output_index=item.place, item=item.value("in_progress"))

    def _of(self, item: _Item, kind: str, **data: Any) -> bytes:
        return self._event(f"response.{kind}", item_id=item.id, output_index=item.place, **data)

    def _event(self, kind: str, **data: Any) -> bytes:
        self._number += 1
        written = json.dumps({"type": kind, "sequence_number": self._number, **data}, separators=(",", ":"))
        return f"event: {kind}\ndata: {written}\n\n".encode()


def id_of(answer_id: UUID) -> str:
    """Write the id of a response."""
    return f"{PREFIX}{answer_id.hex}"


def answer_of_id(response_id: str) -> UUID | None:
    """Read which answer a response is; None for an id that is not of here."""
    name = response_id.removeprefix(PREFIX)
    return UUID(name) if response_id.startswith(PREFIX) and re.fullmatch("[0-9a-f]{32}", name) else None


def usage(answer: Answer) -> dict[str, Any]:
    """Write the counts of tokens; OpenAI's SDK takes no null."""
    counts = {name: value or 0 for name, value in answer.counts.items()}
    sent, written = counts["prompt_tokens"], counts["completion_tokens"]
    return {
        "input_tokens": sent,
        "input_tokens_details": {
            "cached_tokens": counts["cache_read_tokens"],
            "cache_write_tokens": counts["cache_write_tokens"],
        },
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": counts["reasoning_tokens"]},
        "total_tokens": sent + written,
    }


def _output_text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _summary(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}
