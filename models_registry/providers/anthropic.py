"""Anthropic's messages, docs.anthropic.com/en/api/messages and messages-streaming."""

from typing import Any

from models_registry.errors import MalformedAnswer
from models_registry.providers.base import Completion, ListedModel, Prompt, Usage
from models_registry.providers.client import HTTPClient, integer, loads
from models_registry.providers.failures import Failures
from models_registry.providers.streaming import EventReader

# Anthropic wants a maximum in every request. This is the smallest maximum output of any Claude model (Claude 3,
# docs.anthropic.com/en/docs/about-claude/models), so no model refuses it.
DEFAULT_MAX_TOKENS = 4_096
VERSION = "2026-10-21"  # of the API, docs.anthropic.com/en/api/versioning
PAGE_SIZE, MAX_PAGES = 1_000, 20


class AnthropicClient(HTTPClient):
    """Claude."""

    default_base_url = "https://api.anthropic.com"
    requires_max_tokens = True
    completions_path = "/v1/messages"
    models_path = "/v1/models"
    headers = {"anthropic-version": VERSION}

    def body(self, model: str, prompt: Prompt, *, stream: bool) -> dict[str, Any]:
        """Write a prompt."""
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": DEFAULT_MAX_TOKENS if prompt.max_tokens is None else prompt.max_tokens,
            "messages": [{"role": turn.role, "content": turn.content} for turn in prompt.messages],
        }
        if prompt.system:
            body["system"] = prompt.system
        if prompt.temperature is not None:
            body["temperature"] = prompt.temperature
        if stream:
            body["stream"] = True
        return body

    def read(self, answer: dict[str, Any]) -> Completion:
        """Read a `message`."""
        blocks = answer.get("content")
        if not isinstance(blocks, list):
            raise MalformedAnswer
        usage = answer.get("usage")
        return Completion("".join(map(_text, blocks)), _usage(_prompt(usage), _completion(usage)))

    def reader(self, failures: Failures) -> EventReader:
        """Make a reader of events."""
        return MessageReader(failures)

    def list_models(self) -> list[ListedModel]:
        """Ask for all pages of the list."""
        models: list[ListedModel] = []
        params: dict[str, Any] = {"limit": PAGE_SIZE}
        for _ in range(MAX_PAGES):
            page = self.get(self.models_path, params)
            models += _listed(page.get("data"))
            if not page.get("has_more") or not models:
                break
            params["after_id"] = page.get("last_id") or models[-1].id
        return models


class MessageReader(EventReader):
    """Reads the events of a message up to message_stop; the type is in the data, so their names are not needed."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self._prompt: int | None = None
        self._completion: int | None = None

    def read(self, data: bytes) -> str:
        """Read one event; kinds that are not known are passed over, as Anthropic asks."""
        event = loads(data)
        kind = event.get("type")
        if kind == "content_block_delta":
            return _text(event.get("delta"))
        if kind == "content_block_start":
            return _text(event.get("content_block"))
        if kind == "error":
            raise self._failures.reported(event.get("error"))
        if kind == "message_start":
            message = event.get("message")
            self._count(message.get("usage") if isinstance(message, dict) else None)
        elif kind == "message_delta":
            self._count(event.get("usage"))
        elif kind == "message_stop":
            self.complete = self.ended = True
        return ""

    def _count(self, usage: Any) -> None:
        """Take the counts; those of a later event are running totals and replace the earlier."""
        prompt, completion = _prompt(usage), _completion(usage)
        self._prompt = self._prompt if prompt is None else prompt
        self._completion = self._completion if completion is None else completion
        self.usage = _usage(self._prompt, self._completion)


def _text(block: Any) -> str:
    """Read the text of a block or delta; other kinds (thinking, signatures) have none."""
    if not isinstance(block, dict):
        raise MalformedAnswer
    text = block.get("text", "") if block.get("type") in ("text", "text_delta") else ""
    if not isinstance(text, str):
        raise MalformedAnswer
    return text


def _prompt(usage: Any) -> int | None:
    """Add up the prompt: tokens that went through a cache are counted apart."""
    if not isinstance(usage, dict) or integer(usage.get("input_tokens")) is None:
        return None
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(integer(usage.get(name)) or 0 for name in names)


def _completion(usage: Any) -> int | None:
    return integer(usage.get("output_tokens")) if isinstance(usage, dict) else None


def _usage(prompt: int | None, completion: int | None) -> Usage | None:
    return None if prompt is None or completion is None else Usage(prompt, completion)


def _listed(items: Any) -> list[ListedModel]:
    if not isinstance(items, list):
        raise MalformedAnswer
    return [
        ListedModel(
            id=item["id"],
            name=item["display_name"] if isinstance(item.get("display_name"), str) else None,
            context_window=integer(item.get("max_input_tokens")),
            max_output_tokens=integer(item.get("max_tokens")),
        )
        for item in items
        if isinstance(item, dict) and isinstance(item.get("id"), str)
    ]
