"""OpenAI's chat completions, and the base of all that speak the same."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, get_args

from models_registry.errors import MalformedAnswer
from models_registry.providers.base import Completion, Effort, ListedModel, Prompt, Reasoning
from models_registry.providers.client import HTTPClient, dig, loads
from models_registry.providers.failures import Failures
from models_registry.providers.streaming import EventReader
from models_registry.usage import Counts, Usage, count, openai_usage

# OpenAI's models that refuse `max_tokens`: o1, o3, o4 … and gpt-5 and later, also behind a gateway's `vendor/`.
NEEDS_COMPLETION_TOKENS = re.compile(r"(?:.*/)?(?:o\d|gpt-(?:[5-9]|\d\d))", re.IGNORECASE)

# How gateways name what OpenAI's own list does not tell.
CONTEXT_FIELDS = ("context_window", "context_length", "max_context_length", "max_model_len")
OUTPUT_FIELDS = ("max_output_tokens", "max_completion_tokens")
NAME_FIELDS = ("display_name", "name")

# Where DeepSeek, xAI and vLLM write a model's reasoning, and where OpenRouter, Groq and Ollama do.
REASONING_FIELDS = ("reasoning_content", "reasoning")


class OpenAIClient(HTTPClient):
    """OpenAI itself; flags and small methods say where compatible endpoints differ."""

    default_base_url = "https://api.openai.com/v1"
    completions_path = "/chat/completions"
    models_path = "/models"
    stream_usage: ClassVar[bool] = True  # usage of a stream has to be asked for
    efforts: ClassVar[Mapping[Effort, str]] = {effort: effort for effort in get_args(Effort)}

    def max_tokens_field(self, model: str) -> str:  # noqa: ARG002 - compatible endpoints look at it
        """Name the parameter that bounds the answer of `model`."""
        return "max_completion_tokens"

    def body(self, model: str, prompt: Prompt, *, stream: bool) -> dict[str, Any]:
        """Write a request; what was not asked for is left to the model's defaults."""
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        turns = [{"role": turn.role, "content": turn.content} for turn in prompt.messages]
        body: dict[str, Any] = {"model": model, "messages": system + turns}
        if prompt.temperature is not None:
            body["temperature"] = prompt.temperature
        if prompt.max_tokens is not None:
            body[self.max_tokens_field(model)] = prompt.max_tokens
        if prompt.reasoning_effort is not None:
            body["reasoning_effort"] = self.efforts[prompt.reasoning_effort]
        if stream:
            body["stream"] = True
            if self.stream_usage:
                body["stream_options"] = {"include_usage": True}
        return body

    def read(self, answer: dict[str, Any]) -> Completion:
        """Read a `chat.completion`."""
        choice = _first_choice(answer)
        if choice is None:
            raise MalformedAnswer
        pieces = _pieces(choice.get("message"))
        text = "".join(piece for piece in pieces if type(piece) is str)
        reasoning = "".join(piece for piece in pieces if isinstance(piece, Reasoning))
        return Completion(text, openai_usage(answer.get("usage")), reasoning=reasoning)

    def reader(self, failures: Failures) -> EventReader:
        """Make a reader of chunks."""
        return ChunkReader(failures)

    def list_models(self) -> list[ListedModel]:
        """Ask for all models; the list does not say which of them can chat."""
        items = self.get(self.models_path).get("data")
        if not isinstance(items, list):
            raise MalformedAnswer
        return [self.listed(item) for item in items if self.can_chat(item)]

    def can_chat(self, item: Any) -> bool:
        """Say whether an item of the list is a model for chats, as far as it tells."""
        return isinstance(item, dict) and isinstance(item.get("id"), str)

    def listed(self, item: dict[str, Any]) -> ListedModel:
        """Read an item of the list."""
        names = (item[name] for name in NAME_FIELDS if isinstance(item.get(name), str))
        return ListedModel(
            id=item["id"],
            name=next(names, None),
            context_window=_first_integer(item, CONTEXT_FIELDS),
            max_output_tokens=_first_integer(item, OUTPUT_FIELDS),
            reasoning=_holds(item.get("supported_parameters"), "reasoning"),
            vision=_holds(dig(item, "architecture", "input_modalities"), "image"),
            tools=_holds(item.get("supported_parameters"), "tools"),
        )


class ChunkReader(EventReader):
    """Reads `chat.completion.chunk`s up to [DONE]."""

    def __init__(self, failures: Failures) -> None:
        self._failures = failures
        self._counts = Counts()

    @property
    def usage(self) -> Usage | None:
        """What the chunks reported."""
        return openai_usage(self._counts)

    def read(self, data: bytes) -> Sequence[str]:
        """Read one chunk; Groq reports the usage in a field of its own."""
        if data == b"[DONE]":
            self.complete = self.ended = True
            return ()
        chunk = loads(data)
        if chunk.get("error"):
            raise self._failures.reported(chunk["error"])
        own = chunk.get("x_groq")
        self._counts.add(chunk.get("usage") or (own.get("usage") if isinstance(own, Mapping) else None))
        choice = _first_choice(chunk)
        if choice is None:
            return ()
        if choice.get("finish_reason"):
            self.complete = True
        return _pieces(choice.get("delta") or {})


def _first_choice(answer: dict[str, Any]) -> dict[str, Any] | None:
    """Get the one choice that was asked for; chunks with usage alone have none."""
    choices = answer.get("choices") or []
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise MalformedAnswer
    return choices[0] if choices else None


def _pieces(message: Any) -> list[str]:
    """Read reasoning and text of a message or delta; a refusal stands in for a content of null."""
    if not isinstance(message, dict):
        raise MalformedAnswer
    content = message.get("content")
    if content is None:
        content = message.get("refusal") or ""
    if isinstance(content, list):
        pieces = [_part(part) for part in content]
    elif isinstance(content, str):
        pieces = [content]
    else:
        raise MalformedAnswer
    reasoning = next((message[name] for name in REASONING_FIELDS if isinstance(message.get(name), str)), "")
    return [Reasoning(reasoning), *pieces] if reasoning else pieces


def _part(part: Any) -> str:
    """Read one part of a content list; Mistral's "thinking" parts hold a list of parts themselves."""
    if not isinstance(part, dict):
        raise MalformedAnswer
    if part.get("type") == "thinking":
        thinking = part.get("thinking")
        return Reasoning("".join(map(_part, thinking)) if isinstance(thinking, list) else "")
    text = part.get("text", "") if part.get("type") == "text" else ""
    if not isinstance(text, str):
        raise MalformedAnswer
    return text


def _holds(names: Any, name: str) -> bool | None:
    """Tell whether a list of names, as OpenRouter's has them, holds one; None where there is no list."""
    return name in names if isinstance(names, list) else None


def _first_integer(item: dict[str, Any], names: tuple[str, ...]) -> int | None:
    return next((number for name in names if (number := count(item.get(name)))), None)
