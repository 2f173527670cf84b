"""What every provider client takes and gives: prompts, completions, streams."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from models_registry.calls.usage import Usage
from models_registry.errors import ProviderError

Effort = Literal["minimal", "low", "medium", "high"]
WireFormat = Literal["openai", "anthropic", "responses"]  # chat completions, messages, and OpenAI's responses
FinishReason = Literal["stop", "length", "content_filter", "refusal", "tool_calls", "error"]


# A part of a turn, the same for all wire formats and in `Message.parts`; `type` says which of these it is:
#   text         text
#   image        media_type and data (base64), or url; stored without data, with file (its SHA-256), and with file_id,
#                name and size where the content is kept: then data is read when it is asked for
#   document     the same for a PDF, and name; stored also for a text
#   tool_call    id, name, arguments (JSON text)
#   tool_result  id, content (a text, or a list of text and image parts), is_error
#   reasoning    text, signature (the vendor's proof that it is its own, or "")
Part = dict[str, Any]


class Turn(NamedTuple):
    """One message of a chat; `content` is its text, `parts` are all of it where it has more than a text.

    What tools answered is by the user.
    """

    role: Literal["user", "assistant"]
    content: str
    parts: Sequence[Part] | None = None


class Tool(NamedTuple):
    """A function that a model may ask for; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = None
    strict: bool | None = None


class ToolChoice(NamedTuple):
    """Whether a model may, must or must not ask for tools; `name` is that of the one `tool` that it must."""

    mode: Literal["auto", "none", "required", "tool"]
    name: str = ""


class ResponseFormat(NamedTuple):
    """The form of an answer: any JSON object, or one of a JSON schema."""

    schema: Mapping[str, Any] | None = None
    name: str = "answer"
    description: str = ""
    strict: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is asked: `messages` oldest first, the last one by the user; a `system` of None is none.

    For a client that `prefills` the last one may be by the assistant: the answer goes on after it. An `exact` prompt is
    sent as it is or refused: no parameter is left out for an endpoint that does not take it.
    """

    messages: Sequence[Turn]
    system: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: Sequence[str] = ()
    seed: int | None = None
    max_tokens: int | None = None
    reasoning_effort: Effort | None = None
    tools: Sequence[Tool] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    user: str | None = None  # an opaque name of the end user, for the vendor's abuse detection
    cache: bool = False  # ask for prompt caching where it has to be asked for and saves money
    exact: bool = False

    @property
    def prefill(self) -> str:
        """The text that the answer goes on after, "" without one."""
        last = self.messages[-1] if self.messages and not self.exact else None
        return last.content if last is not None and last.role == "assistant" else ""


class Reasoning(str):
    """A piece of what a model thinks before it answers, among the pieces of its answer."""

    __slots__ = ()


class ToolDelta(NamedTuple):
    """A piece of a tool call: `id` and `name` come with the first one of each `number`, counted from 0."""

    number: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Signature(NamedTuple):
    """The vendor's proof that the reasoning before it is its own."""

    text: str


Piece = str | ToolDelta | Signature


class Relayed(NamedTuple):
    """Bytes of a provider's answer as they came, and the pieces that were read from them; `last` ones end a stream."""

    data: bytes
    pieces: Sequence[Piece] = ()
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A request in a format of the provider, to be sent as it is but for the model's name and the key.

    `own` are the names of fields that the client did not ask for. `answer_id` takes the place of the answer's own id,
    where the format's clients ask for answers by their ids.
    """

    format: WireFormat
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    answer_id: str = ""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model as the provider's own list names it; None is unknown."""

    id: str
    name: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    reasoning: bool | None = None
    vision: bool | None = None
    tools: bool | None = None


class CompletionStream(Protocol):
    """An answer under way: iterate for its non-empty pieces, each as soon as it arrives.

    One that is relayed yields `Relayed` instead, bytes with the pieces in them. Iteration raises `ProviderError` when
    the provider fails or breaks off. The attributes are there once it ended, also early: `finish_reason` is None where
    the provider did not say how its answer ended, `tools` are the names of those that the model asked for.
    """

    usage: Usage | None
    finish_reason: FinishReason | None
    tools: Sequence[str]

    def __iter__(self) -> Iterator[Piece | Relayed]: ...

    def close(self) -> None:
        """Give the connection up, from any thread and as often as one likes; a blocked iteration ends at once."""
        ...


class ProviderClient(ABC):
    """One provider's wire format. Cheap to make, used for one call: HTTP connections are pooled underneath.

    `base_url` is the endpoint in the form that the vendor's own SDK takes, or "" for the vendor's own. With
    `think_tags` an answer that begins with `<think>` has its thinking told apart.
    Every method raises `ProviderError` and nothing else for what the provider does.
    """

    relays: ClassVar[tuple[WireFormat, ...]] = ()  # the formats of requests that it sends as they are
    default_base_url = ""
    max_tokens_field: ClassVar[str] = "max_tokens"
    requires_max_tokens = False  # the wire format has no "as long as it takes"
    reads_documents: ClassVar[bool] = True  # PDFs; where it depends on the model, the provider decides
    efforts: ClassVar[Mapping[Effort, str]] = {}  # the reasoning efforts that the format can express, in its words

    def __init__(self, *, api_key: str, base_url: str = "", think_tags: bool = False) -> None:
        self.api_key = api_key.strip()
        self.base_url = base_url.strip() or self.default_base_url
        self.think_tags = think_tags

    def problems(self, model: str, prompt: Prompt) -> dict[str, str]:  # noqa: ARG002 - vendors look at it
        """Name the parameters of a prompt that the wire format cannot express, each with what is wrong."""
        effort = prompt.reasoning_effort
        if effort is None or effort in self.efforts:
            return {}
        if not self.efforts:
            return {"reasoning_effort": "This provider has no reasoning effort."}
        return {"reasoning_effort": f"This provider knows only: {', '.join(self.efforts)}."}

    def prefills(self, model: str, prompt: Prompt) -> bool:  # noqa: ARG002 - vendors look at it
        """Tell whether this model takes the beginning of its answer as the last message, and goes on after it."""
        return False

    @abstractmethod
    def stream(self, model: str, prompt: Prompt) -> CompletionStream:
        """Ask for the answer piece by piece; returns once the provider accepted (or raises its refusal)."""

    def limit_field(self, form: WireFormat) -> str:  # noqa: ARG002 - vendors look at it
        """Name the field with the most tokens of an answer, in a request of one of the formats that it relays."""
        return self.max_tokens_field

    def relay(self, model: str, relay: Relay) -> CompletionStream:  # noqa: ARG002 - vendors send it
        """Send a request that is in one of the provider's formats already; raises its refusal."""
        raise ProviderError("This provider takes no requests in a format of its own.")

    @abstractmethod
    def list_models(self) -> list[ListedModel]:
        """Ask the provider which models that can chat this key may use."""
