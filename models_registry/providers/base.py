"""What every provider client takes and gives: prompts, completions, streams."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Protocol

from models_registry.calls.usage import Usage

Effort = Literal["minimal", "low", "medium", "high"]
FinishReason = Literal["stop", "length", "content_filter", "refusal", "tool_calls", "error"]


class Turn(NamedTuple):
    """One earlier message of a chat."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is asked: `messages` oldest first, the last one by the user; a `system` of None is none."""

    messages: Sequence[Turn]
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    reasoning_effort: Effort | None = None
    cache: bool = False  # ask for prompt caching where it has to be asked for and saves money


class Reasoning(str):
    """A piece of what a model thinks before it answers, among the pieces of its answer."""

    __slots__ = ()


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
    """An answer under way: iterate for its non-empty pieces, text or `Reasoning`, each as soon as it arrives.

    Iteration raises `ProviderError` when the provider fails or breaks off. The attributes are there once it ended, also
    early: `finish_reason` is None where the provider did not say how its answer ended, `tools` are the names of those
    that the model asked for.
    """

    usage: Usage | None
    finish_reason: FinishReason | None
    tools: Sequence[str]

    def __iter__(self) -> Iterator[str]: ...

    def close(self) -> None:
        """Give the connection up, from any thread and as often as one likes; a blocked iteration ends at once."""
        ...


class ProviderClient(ABC):
    """One provider's wire format. Cheap to make, used for one call: HTTP connections are pooled underneath.

    `base_url` is the endpoint in the form that the vendor's own SDK takes, or "" for the vendor's own. With
    `think_tags` an answer that begins with `<think>` has its thinking told apart.
    Every method raises `ProviderError` and nothing else for what the provider does.
    """

    default_base_url = ""
    requires_max_tokens = False  # the wire format has no "as long as it takes"
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

    @abstractmethod
    def stream(self, model: str, prompt: Prompt) -> CompletionStream:
        """Ask for the answer piece by piece; returns once the provider accepted (or raises its refusal)."""

    @abstractmethod
    def list_models(self) -> list[ListedModel]:
        """Ask the provider which models that can chat this key may use."""
