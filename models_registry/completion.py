"""Calling a model and measuring the call: tokens, cost, time, time to first token."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from models_registry.catalogue.lookup import existing_model
from models_registry.errors import ProviderError, StreamBroken
from models_registry.figures import record_call
from models_registry.keys.storage import find_key
from models_registry.models import LLMModel, Provider
from models_registry.providers import CLIENTS
from models_registry.providers.base import CompletionStream, Prompt, ProviderClient, Usage
from models_registry.providers.cancellation import CancelToken

# A rule of thumb for English text, published by OpenAI: https://platform.openai.com/tokenizer
CHARACTERS_PER_TOKEN = 4


class Measurement(NamedTuple):
    """What a call took: `cost` in USD, None where a price is unknown; times in seconds.

    `estimated` says that the tokens were guessed from the length of the text. `ttft` is the time to the first token,
    None when there was none.
    """

    prompt_tokens: int
    completion_tokens: int
    cost: Decimal | None
    estimated: bool
    time: float
    ttft: float | None


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model with all that calling it needs, so that the call itself touches no database."""

    provider: Provider
    id: str
    registered: LLMModel | None
    client: ProviderClient


def resolve(*, user_id: int, provider: Provider, model: str) -> ResolvedModel:
    """Look up prices and key. Raises UnknownModel, APIKeyMissing, APIKeyUnreadable."""
    known = existing_model(provider, model)
    key = find_key(user_id=user_id, provider=provider)
    client = client_of(provider, key)
    return ResolvedModel(provider, model, known, client)


def client_of(provider: Provider, key: str) -> ProviderClient:
    """Make the client that speaks a provider's wire format; raises ProviderError for a kind that nobody knows."""
    if provider.kind not in CLIENTS:
        raise ProviderError(f"LLMSelect has no client for providers of kind {provider.kind}.")
    return CLIENTS[provider.kind](api_key=key, base_url=provider.endpoint)


class Call:
    """One call of a model: `complete()` it, or iterate for the pieces of text; `text` is what has arrived so far."""

    def __init__(self, model: ResolvedModel, prompt: Prompt) -> None:
        self.model = model
        self.prompt = _with_output_limit(model, prompt)
        self.cut = False
        self._pieces: list[str] = []
        self._usage: Usage | None = None
        self._stream: CompletionStream | None = None
        self._started = time.perf_counter()
        self._ended: float | None = None
        self._first: float | None = None
        self.closed = False
        self._token = CancelToken()

    @property
    def text(self) -> str:
        """The answer as far as it has arrived."""
        return "".join(self._pieces)

    @property
    def elapsed(self) -> float:
        """The seconds that the call took, or takes so far."""
        return round((self._ended or time.perf_counter()) - self._started, 4)

    def complete(self) -> None:
        """Wait for the whole answer. Raises ProviderError, StreamBroken when it was given up."""
        self._started = time.perf_counter()
        whole = False
        try:
            with self._token.active():
                completion = self.model.client.complete(self.model.id, self.prompt)
            self._first = self._ended = time.perf_counter()
            self._pieces.append(completion.text)
            self._usage = completion.usage
            self.cut = completion.cut
            whole = True
        except ProviderError:
            if self.closed:
                raise StreamBroken("The server was stopped.") from None
            raise
        finally:
            self._end(whole=whole)

    def __iter__(self) -> Iterator[str]:
        """Yield the pieces as they arrive. Raises ProviderError, after which `text` holds what came before."""
        self._started = time.perf_counter()
        whole = False
        try:
            with self._token.active():
                self._stream = self.model.client.stream(self.model.id, self.prompt)
            if self.closed:  # while the provider had not yet accepted
                return
            for piece in self._stream:
                if self._first is None:
                    self._first = time.perf_counter()
                self._pieces.append(piece)
                yield piece
            self._usage = self._stream.usage
            whole = True
        except ProviderError:
            if not self.closed:  # of a call that was given up nobody wants to know how it ended
                raise
        finally:
            self._end(whole=whole)
            self._close_stream()

    def close(self) -> None:
        """Give up, from any thread; the upstream connection is released at once, also before it answered."""
        self.closed = True
        self._token.cancel()
        self._close_stream()

    def measure(self) -> Measurement:
        """Measure the call as far as it has come."""
        usage = self._usage or self._estimate()
        registered = self.model.registered
        return Measurement(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cost=registered.cost(usage.prompt_tokens, usage.completion_tokens) if registered else None,
            estimated=self._usage is None,
            time=self.elapsed,
            ttft=None if self._first is None else round(self._first - self._started, 4),
        )

    def _end(self, *, whole: bool) -> None:
        """Take down what it took; a call that brought nothing is taken to have cost nothing."""
        self._ended = self._ended or time.perf_counter()
        measured = self.measure()
        nothing = self._first is None
        record_call(
            provider=self.model.provider.slug,
            model=self.model.id,
            outcome="left" if self.closed else "ok" if whole else "failed",
            seconds=measured.time,
            ttft=None if self._stream is None else measured.ttft,  # a whole answer has no first token to see
            prompt_tokens=0 if nothing else measured.prompt_tokens,
            completion_tokens=measured.completion_tokens,
            cost=None if nothing else measured.cost,
        )

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _estimate(self) -> Usage:
        prompt = len(self.prompt.system or "") + sum(len(turn.content) for turn in self.prompt.messages)
        return Usage(_tokens(prompt), _tokens(len(self.text)))


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)


def _with_output_limit(model: ResolvedModel, prompt: Prompt) -> Prompt:
    """Where the wire format requires a limit and the user gave none, take the model's own, if it is known."""
    if not model.client.requires_max_tokens or prompt.max_tokens is not None or model.registered is None:
        return prompt
    return replace(prompt, max_tokens=model.registered.max_output_tokens)
