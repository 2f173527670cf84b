"""Anthropic's messages, docs.anthropic.com/en/api/messages and messages-streaming."""

import json
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from models_registry.calls.usage import Usage, anthropic_usage, count
from models_registry.errors import MalformedAnswer
from models_registry.providers.asking import anthropic_bodies
from models_registry.providers.base import (
    ListedModel,
    Piece,
    Prompt,
    Reasoning,
    Relay,
    Signature,
    ToolDelta,
    WireFormat,
)
from models_registry.providers.client import HTTPClient, dig, flag
from models_registry.providers.failures import Failures
from models_registry.providers.openai import listed_items
from models_registry.providers.reading.events import EventReader

# Anthropic wants a maximum in every request. This is the smallest one of Claude 4 and later models
# (docs.anthropic.com/en/docs/about-claude/models); a model that takes less says how much, and is believed.
DEFAULT_MAX_TOKENS = 32_000
VERSION = "2026-10-21"  # of the API, docs.anthropic.com/en/api/versioning
PAGE_SIZE, MAX_PAGES = 1_000, 20

# Claude up to 4.5 thinks within a budget of tokens, later ones by an effort, and refuse the other
# (docs.anthropic.com/en/docs/build-with-claude/adaptive-thinking). The budgets are those that Google documents for the
# same efforts (ai.google.dev/gemini-api/docs/openai); 1,024 is the least that Anthropic takes.
BUDGETED = re.compile(r"claude-(?:3-7|(?:sonnet|opus|haiku)-4(?:-[0-5])?(?:-\d{8})?$)")
# Claude up to 4.5 goes on after the beginning of an answer, unless it thinks; later ones refuse it
# (platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6, "Prefill removal").
PREFILLED = re.compile(r"claude-(?:2|instant-|3-|(?:sonnet|opus|haiku)-4(?:-[0-5])?(?:-\d{8})?$)")
BUDGETS = {"low": 1_024, "medium": 8_192, "high": 24_576}

# Characters, at 4 a token: no model caches a prompt of less than 1,024 tokens, and passes over what is too short for it
# (docs.anthropic.com/en/docs/build-with-claude/prompt-caching).
CACHEABLE = 4_096
EPHEMERAL = {"type": "ephemeral"}
NOT_COUNTED = ("max_tokens", "stream", "store", "metadata")  # parameters that count_tokens does not take
CAN_BE_CACHED = ("text", "image", "document", "tool_use", "tool_result")  # kinds of blocks


class AnthropicClient(HTTPClient):
    """Claude."""

    kind = "anthropic"
    relays: ClassVar[tuple[WireFormat, ...]] = ("anthropic",)
    default_base_url = "https://api.anthropic.com"
    requires_max_tokens = True
    completions_path = "/v1/messages"
    models_path = "/v1/models"
    headers = {"anthropic-version": VERSION}
    efforts = {"minimal": "low", "low": "low", "medium": "medium", "high": "high"}

    def problems(self, model: str, prompt: Prompt) -> dict[str, str]:
        """Name what Anthropic refuses together with thinking."""
        problems = super().problems(model, prompt) | anthropic_bodies.problems(prompt)
        if prompt.reasoning_effort is None or problems:
            return problems
        if prompt.temperature not in (None, 1):
            problems["temperature"] = "Claude takes no temperature together with reasoning_effort."
        if BUDGETED.search(model) and prompt.max_tokens is not None and prompt.max_tokens < 2 * BUDGETS["low"]:
            problems["max_tokens"] = f"With reasoning_effort this model needs at least {2 * BUDGETS['low']:,}."
        return problems

    def prefills(self, model: str, prompt: Prompt) -> bool:
        """Ask the model's name; thinking comes before the whole of an answer."""
        return prompt.reasoning_effort is None and PREFILLED.match(model) is not None

    def repeated(self, prompt: Prompt) -> str:
        """Return the blanks at the end, which are not sent."""
        return prompt.prefill[len(prompt.prefill.rstrip()) :]

    def body(self, model: str, prompt: Prompt, *, stream: bool) -> dict[str, Any]:
        """Write a request."""
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": DEFAULT_MAX_TOKENS if prompt.max_tokens is None else prompt.max_tokens,
            "messages": anthropic_bodies.messages(prompt),
            **anthropic_bodies.parameters(prompt),
        }
        if prompt.prefill:
            body["messages"][-1]["content"] = prompt.prefill.rstrip()  # blanks at its end are refused
        if prompt.reasoning_effort is not None:
            _think(body, self.efforts[prompt.reasoning_effort])
        if prompt.cache:
            _cache(body)
        if stream:
            body["stream"] = True
        return body

    def count_tokens(self, model: str, relay: Relay) -> int:
        """Ask how many tokens a request has; raises ProviderError."""
        body = {name: value for name, value in relay.body.items() if name not in NOT_COUNTED}
        counted = count(
            dig(
                self.post(f"{self.completions_path}/count_tokens", {**body, "model": model}, relay.headers),
                "input_tokens",
            )
        )
        if counted is None:
            raise MalformedAnswer
        return counted

    def reader(self, failures: Failures) -> EventReader:
        """Make a reader of events."""
        return MessageReader(failures)

    def list_models(self) -> list[ListedModel]:
        """Ask for all pages of the list."""
        models: list[ListedModel] = []
        params: dict[str, Any] = {"limit": PAGE_SIZE}
        for _ in range(MAX_PAGES):
            page = self.get(self.models_path, params)
            models += _listed(listed_items(page))
            if not isinstance(page, dict) or not page.get("has_more") or not models:
                break
            params["after_id"] = page.get("last_id") or models[-1].id
        return models


class MessageReader(EventReader):
    """Reads the events of a message up to message_stop; the type is in the data, so their names are not needed."""

    def __init__(self, failures: Failures) -> None:
        super().__init__(failures)
        self._numbers: dict[Any, int] = {}  # of tool calls, by the index of their block

    @property
    def usage(self) -> Usage | None:
        """What was reported; counts of a later event are running totals."""
        return anthropic_usage(self._counts)

    def event(self, event: dict[str, Any]) -> Sequence[Piece]:
        """Read one event; kinds that are not known are passed over, as Anthropic asks."""
        kind = event.get("type")
        if kind == "content_block_delta":
            return (self._piece(event.get("delta"), event.get("index")),)
        if kind == "content_block_start":
            return (self._piece(event.get("content_block"), event.get("index")),)
        if kind == "message_start":
            message = event.get("message")
            self._counts.add(message.get("usage") if isinstance(message, dict) else None)
        elif kind == "message_delta":
            self._counts.add(event.get("usage"))
            self._stopped(event.get("delta"))
        elif kind == "message_stop":
            self.complete = self.ended = True
        elif kind == "message":
            self.complete = self.ended = True
            return self.whole(event)
        return ()

    def whole(self, answer: dict[str, Any]) -> Sequence[Piece]:
        """Read a `message`."""
        blocks = answer.get("content")
        if not isinstance(blocks, list):
            raise MalformedAnswer
        self._counts.add(answer.get("usage"))
        self._stopped(answer)
        return [self._piece(block, index) for index, block in enumerate(blocks)]

    def _stopped(self, part: Any) -> None:
        """Take the stop reason; the answer is complete with message_stop only."""
        if isinstance(part, dict):
            complete = self.complete
            self.finish(part.get("stop_reason"))
            self.complete = complete

    def _piece(self, block: Any, index: Any) -> Piece:
        """Read the text, thinking or tool call of a block or delta; other kinds have none."""
        if not isinstance(block, dict):
            raise MalformedAnswer
        kind = block.get("type")
        if kind in ("thinking", "thinking_delta"):
            piece = block.get("thinking", "")
            return Reasoning(piece) if isinstance(piece, str) else ""
        if kind == "signature_delta":
            return Signature(str(block.get("signature", "")))
        if kind == "tool_use":
            self.called(block.get("name"))
            self._numbers.setdefault(index, len(self._numbers))
            given = block.get("input")  # empty at the start of a stream
            arguments = json.dumps(given) if given else ""
            return ToolDelta(self._numbers[index], str(block.get("id", "")), str(block.get("name", "")), arguments)
        if kind == "input_json_delta":
            return ToolDelta(self._numbers.get(index, 0), arguments=str(block.get("partial_json", "")))
        text = block.get("text", "") if kind in ("text", "text_delta") else ""
        if not isinstance(text, str):
            raise MalformedAnswer
        return text


def _think(body: dict[str, Any], effort: str) -> None:
    """Ask for thinking, whose tokens `max_tokens` includes: at most half of them where there is a budget."""
    if BUDGETED.search(body["model"]):
        body["thinking"] = {"type": "enabled", "budget_tokens": min(BUDGETS[effort], body["max_tokens"] // 2)}
    else:
        body["thinking"] = {"type": "adaptive", "display": "summarized"}
        body["output_config"] = {**body.get("output_config", {}), "effort": effort}


def _cache(body: dict[str, Any]) -> None:
    """Have the system prompt and the last turn before the question cached, where the next question will read them.

    Writing costs a quarter more than not caching, reading a tenth: it pays from the second question on.
    """
    length = len(body.get("system", ""))
    if length >= CACHEABLE:
        body["system"] = [{"type": "text", "text": body["system"], "cache_control": EPHEMERAL}]
    if len(body["messages"]) < 2:
        return
    *earlier, last, _ = body["messages"]
    if length + sum(_length(turn["content"]) for turn in (*earlier, last)) < CACHEABLE:
        return
    content = last["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if blocks[-1]["type"] in CAN_BE_CACHED:
        last["content"] = [*blocks[:-1], {**blocks[-1], "cache_control": EPHEMERAL}]


def _length(content: Any) -> int:
    """Count the characters of a turn; of parts that are no text, those of their JSON."""
    return len(content if isinstance(content, str) else json.dumps(content))


def _listed(items: list[Any]) -> list[ListedModel]:
    return [
        ListedModel(
            id=item["id"],
            name=item["display_name"] if isinstance(item.get("display_name"), str) else None,
            context_window=count(item.get("max_input_tokens")),
            max_output_tokens=count(item.get("max_tokens")),
            reasoning=flag(item, "capabilities", "thinking", "supported"),
            vision=flag(item, "capabilities", "image_input", "supported"),
        )
        for item in items
        if isinstance(item, dict) and isinstance(item.get("id"), str)
    ]
