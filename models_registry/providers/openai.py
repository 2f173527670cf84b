"""OpenAI's chat completions, which many others speak too, and OpenAI itself."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, get_args

from models_registry.calls.usage import Usage, count, openai_usage
from models_registry.errors import MalformedAnswer
from models_registry.providers.asking import openai_bodies
from models_registry.providers.base import Effort, ListedModel, Piece, Prompt, Reasoning, Relay, ToolDelta, WireFormat
from models_registry.providers.client import HTTPClient, dig
from models_registry.providers.failures import Failures
from models_registry.providers.reading.events import EventReader
from models_registry.providers.reading.relaying import RelayedStream
from models_registry.providers.reading.responses import ResponseReader

# How gateways name what OpenAI's own list does not tell.
CONTEXT_FIELDS = ("context_window", "context_length", "max_context_length", "max_model_len")
OUTPUT_FIELDS = ("max_output_tokens", "max_completion_tokens")
NAME_FIELDS = ("display_name", "name")

# Where DeepSeek, xAI and vLLM write a model's reasoning, and where OpenRouter, Groq and Ollama do.
REASONING_FIELDS = ("reasoning_content", "reasoning")


class ChatCompletionsClient(HTTPClient):
    """Chat completions as OpenAI has them; flags and small methods say where compatible endpoints differ."""

    default_base_url = "https://api.openai.com/v1"
    completions_path = "/chat/completions"
    models_path = "/models"
    stream_usage: ClassVar[bool] = True  # usage of a stream has to be asked for
    max_tokens_field: ClassVar[str] = "max_completion_tokens"  # until an endpoint asks for the other
    efforts: ClassVar[Mapping[Effort, str]] = {effort: effort for effort in get_args(Effort)}

    def body(self, model: str, prompt: Prompt, *, stream: bool) -> dict[str, Any]:
        """Write a request; what was not asked for is left to the model's defaults."""
        body: dict[str, Any] = {"model": model, "messages": openai_bodies.messages(prompt)}
        body |= openai_bodies.parameters(prompt)
        if prompt.max_tokens is not None:
            body[self.max_tokens_field] = prompt.max_tokens
        if prompt.reasoning_effort is not None:
            body["reasoning_effort"] = self.efforts[prompt.reasoning_effort]
        if stream:
            body["stream"] = True
            if self.stream_usage:
                body["stream_options"] = {"include_usage": True}
        return body

    def reader(self, failures: Failures) -> EventReader:
        """Make a reader of chunks."""
        return ChunkReader(failures)

    def list_models(self) -> list[ListedModel]:
        """Ask for all models; the list does not say which of them can chat."""
        return [self.listed(item) for item in listed_items(self.get(self.models_path)) if self.can_chat(item)]

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


class OpenAIClient(ChatCompletionsClient):
    """OpenAI itself, which takes requests of its Responses API too."""

    relays = ("openai", "responses")
    responses_path = "/responses"

    def limit_field(self, form: WireFormat) -> str:
        """Name the field with the most tokens of an answer."""
        return "max_output_tokens" if form == "responses" else super().limit_field(form)

    def relay(self, model: str, relay: Relay) -> RelayedStream:
        """Send a request of either format; raises ProviderError when OpenAI refuses it."""
        if relay.format != "responses":
            return super().relay(model, relay)
        body = {**relay.body, "model": model}
        with self.failures() as failures:
            answer = self._ask(self.responses_path, body, failures, own=relay.own, exact=True, headers=relay.headers)
        reader, streamed = ResponseReader(failures), bool(body.get("stream"))
        return RelayedStream(answer, reader, failures, streamed=streamed, answer_id=relay.answer_id)


class ChunkReader(EventReader):
    """Reads `chat.completion.chunk`s up to [DONE], and a whole `chat.completion`."""

    @property
    def usage(self) -> Usage | None:
        """What was reported."""
        return openai_usage(self._counts)

    def read(self, data: bytes) -> Sequence[Piece]:
        """Read one chunk, or the mark of the end."""
        if data == b"[DONE]":
            self.complete = self.ended = True
            self.counts_alone = False
            return ()
        return super().read(data)

    def event(self, event: dict[str, Any]) -> Sequence[Piece]:
        """Read one chunk; Groq reports the usage in a field of its own."""
        own = event.get("x_groq")
        self._counts.add(event.get("usage") or (own.get("usage") if isinstance(own, Mapping) else None))
        self.counts_alone = bool(event.get("usage")) and not event.get("choices")
        choice = _first_choice(event)
        if choice is None:
            return ()
        delta = choice.get("delta")
        return self._choice(choice, delta if delta is not None else choice.get("message") or {})

    def whole(self, answer: dict[str, Any]) -> Sequence[Piece]:
        """Read a `chat.completion`."""
        self._counts.add(answer.get("usage"))
        choice = _first_choice(answer)
        if choice is None:
            raise MalformedAnswer
        message = choice.get("message")
        return self._choice(choice, choice.get("delta") if message is None else message)

    def _choice(self, choice: dict[str, Any], message: Any) -> Sequence[Piece]:
        pieces: list[Piece] = [*_pieces(message)]
        for place, call in enumerate(message.get("tool_calls") or ()):
            if isinstance(call, dict):
                pieces += self._tool(call.get("function"), call.get("index"), place, call.get("id"))
        pieces += self._tool(message.get("function_call"), 0, 0, None)
        refused = self.finish_reason == "refusal" or (message.get("content") is None and bool(message.get("refusal")))
        self.finish(choice.get("finish_reason"), choice.get("error"))
        if refused:
            self.finish_reason = "refusal"
        return pieces

    def _tool(self, function: Any, index: Any, place: int, call_id: Any) -> list[Piece]:
        """Read a tool call, or a piece of one; the first chunk of a call has the name."""
        if not isinstance(function, dict):
            return []
        name, arguments = function.get("name"), function.get("arguments")
        if name:
            self.called(name)
        texts = [each if isinstance(each, str) else "" for each in (call_id, name, arguments)]
        return [ToolDelta(index if isinstance(index, int) else place, *texts)]


def listed_items(answer: Any) -> list[Any]:
    """Find the items of a list of models: in `data`, in `models`, or the array itself; null is none.

    Raises MalformedAnswer.
    """
    items = answer
    if isinstance(answer, dict):
        if "data" not in answer and "models" not in answer:
            raise MalformedAnswer
        items = answer.get("data") or answer.get("models")
    if items is not None and not isinstance(items, list):
        raise MalformedAnswer
    return items or []


def _first_choice(answer: dict[str, Any]) -> dict[str, Any] | None:
    """Get the one choice that was asked for, that of index 0; chunks with usage alone have none."""
    choices = answer.get("choices") or []
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise MalformedAnswer
    return next((choice for choice in choices if choice.get("index") in (0, None)), None)


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
