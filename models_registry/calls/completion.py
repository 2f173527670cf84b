"""Calling a model and measuring the call: tokens, cost, time, time to first token."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from django.conf import settings
from rest_framework.exceptions import ValidationError

from models_registry.calls.collected import Collected, empty_answer, prompt_tokens
from models_registry.calls.costs import price
from models_registry.calls.figures import record_call
from models_registry.calls.inputs import check_inputs
from models_registry.calls.measurement import COUNT_COLUMNS, Measurement
from models_registry.calls.usage import Usage
from models_registry.catalogue.lookup import existing_model, keys_of_call
from models_registry.errors import ModelNotAllowed, ProviderError, StreamBroken
from models_registry.keys.storage import find_key
from models_registry.models import LLMModel, Provider
from models_registry.providers import CLIENTS
from models_registry.providers.base import (
    CompletionStream,
    FinishReason,
    Part,
    Piece,
    Prompt,
    ProviderClient,
    Relay,
    Relayed,
)
from models_registry.providers.cancellation import CancelToken
from models_registry.providers.reading.text import CUT
from models_registry.spending.budgets.bounds import answers_asked
from models_registry.spending.budgets.charging import Charge, budgets_key, budgets_of
from perf.api.access import Access
from perf.caching.namespace import looked_up
from perf.serving import audit


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model with all that calling it needs, who asks for it, and the ids of the budgets that hold for them."""

    provider: Provider
    id: str
    registered: LLMModel | None
    client: ProviderClient
    access: Access
    budgets: tuple[UUID, ...] = ()


def resolve(*, access: Access, provider: Provider, model: str) -> ResolvedModel:
    """Look up prices and key; every call of a model begins here.

    Raises ModelNotAllowed, UnknownModel, ModelDeactivated, APIKeyMissing, APIKeyUnreadable.
    """
    if not access.may_use(f"{provider.slug}/{model}"):
        refused = ModelNotAllowed(provider=provider.slug, model=model)
        audit.refuse_token(refused.get_codes(), token_id=access.token_id, user_id=access.user_id)
        raise refused
    with looked_up([*keys_of_call(access.user_id, provider, model), budgets_key(access)]):
        known = existing_model(provider, model)
        key = find_key(user_id=access.user_id, provider=provider)
        budgets = budgets_of(access)
    client = client_of(provider, key, think_tags=has_think_tags(provider, model))
    return ResolvedModel(provider, model, known, client, access, budgets)


def has_think_tags(provider: Provider, model: str) -> bool:
    """Tell whether an answer may begin with `<think>`: THINK_TAGS says it of a model, a provider or a kind, in turn."""
    told: dict[str, bool] = settings.THINK_TAGS
    names = (f"{provider.slug}/{model}", provider.slug, provider.kind)
    return next((told[name] for name in names if name in told), False)


def client_of(provider: Provider, key: str, *, think_tags: bool = False) -> ProviderClient:
    """Make the client that speaks a provider's wire format; raises ProviderError for a kind that nobody knows."""
    if provider.kind not in CLIENTS:
        raise ProviderError(f"LLMSelect has no client for providers of kind {provider.kind}.")
    return CLIENTS[provider.kind](api_key=key, base_url=provider.endpoint, think_tags=think_tags)


class Call:
    """One call of a model: `complete()` it, or iterate for its pieces; `text` is what has arrived so far.

    However it ends, and also if it is never begun, it is to be settled once.
    """

    def __init__(
        self, model: ResolvedModel, prompt: Prompt, *, relay: Relay | None = None, may_be_empty: bool = False
    ) -> None:
        """Check the prompt, and reserve what the call can cost of the budgets; in a transaction as part of that.

        A `relay` is the same prompt in the provider's own format, and is sent instead, unchecked: iteration yields
        `Relayed` then. An answer that `may_be_empty` is no failure without a text. Raises ValidationError for a
        parameter that the model or its provider cannot take, InputNotSupported, BudgetExceeded and PriceUnknown.
        """
        self.model = model
        if relay is None:
            _check(model, prompt)
        self.charge = Charge(model)
        limited = self.charge.reserve(prompt, None if relay is None else relay.body)
        self.prompt = limited if relay else _with_output_limit(model, limited)
        self.relay = _limited(model, relay, prompt, limited)
        self._may_be_empty = may_be_empty
        self.relayed = b""
        self.cut = False
        self.closed = False
        self.finish_reason: FinishReason | None = None
        self._arrived = Collected()
        self._usage: Usage | None = None
        self._whole = False
        self.failure: ProviderError | None = None  # unless the call was given up
        self._stream: CompletionStream | None = None
        self._started = time.perf_counter()
        self._ended: float | None = None
        self._first: float | None = None
        self._token = CancelToken()

    @property
    def text(self) -> str:
        """The answer as far as it has arrived."""
        return self._arrived.text

    @property
    def reasoning(self) -> str:
        """What the model thought, as far as the provider tells and it has arrived."""
        return self._arrived.reasoning

    @property
    def parts(self) -> list[Part] | None:
        """All that has arrived of an answer that asks for tools; None for one that does not."""
        return self._arrived.parts if self.prompt.tools or self.relay else None

    @property
    def tool_calls(self) -> list[Part]:
        """The calls of tools that the model asked for, as far as they have arrived."""
        return self._arrived.tool_calls

    @property
    def signature(self) -> str:
        """The vendor's proof that the reasoning is its own, "" without one."""
        return self._arrived.signature

    @property
    def begun(self) -> bool:
        """Whether anything of the answer has arrived."""
        return self._first is not None

    @property
    def elapsed(self) -> float:
        """The seconds that the call took, or takes so far."""
        return round((self._ended or time.perf_counter()) - self._started, 4)

    def complete(self) -> None:
        """Wait for the whole answer, which is read as a stream so that silence can be told from work.

        One that is cut is no failure here. Of a relayed one `relayed` are the bytes. Raises ProviderError, StreamBroken
        when it was given up.
        """
        try:
            self.relayed = b"".join(piece.data for piece in self if isinstance(piece, Relayed))
        except StreamBroken:
            if not self.cut:
                raise
        if self.closed:
            raise StreamBroken("The server was stopped.")

    def __iter__(self) -> Iterator[Piece | Relayed]:
        """Yield pieces of text and `Reasoning` as they arrive, those of tool calls if the prompt has tools.

        Raises ProviderError, after which `text` and `reasoning` hold what came before, and EmptyAnswer for an answer
        that ends without a text.
        """
        self._started = time.perf_counter()
        try:
            with self._token.active():
                self._stream = self._begun()
            if self.closed:  # while the provider had not yet accepted
                return
            for piece in self._stream:
                if self._first is None:
                    self._first = time.perf_counter()
                if self._arrived.take(piece, with_tools=bool(self.prompt.tools)):
                    yield piece
            self._whole = not self.closed
            if self._whole and not self._may_be_empty and not self.text.strip():
                raise empty_answer(self._stream, self.reasoning)
        except ProviderError as error:
            if not self.closed:  # nobody waits for the end of a call that was given up
                self.failure = error
                self.cut = str(error) == CUT
                raise
        finally:
            if self._stream is not None:
                self._usage, self.finish_reason = self._stream.usage, self._stream.finish_reason
            if self.failure is not None:
                self.finish_reason = self.finish_reason or "error"
            self._end()
            self._close_stream()

    def _begun(self) -> CompletionStream:
        client, model = self.model.client, self.model.id
        return client.stream(model, self.prompt) if self.relay is None else client.relay(model, self.relay)

    def close(self) -> None:
        """Give up, from any thread; the upstream connection is released at once, also before it answered."""
        self.closed = True
        self._token.cancel()
        self._close_stream()

    def measure(self) -> Measurement:
        """Measure the call as far as it has come; of a call that the provider refused nothing but the time is known."""
        usage, estimated = self._counted()
        cost, source, rates = price(self.model.registered, usage, estimated=estimated)
        counts = {column: None if usage is None else getattr(usage, name) for column, name in COUNT_COLUMNS.items()}
        return Measurement(
            **counts,
            cost=cost,
            cost_source=source,
            input_price=rates and rates.input,
            cache_read_price=rates and rates.cache_read,
            cache_write_price=rates and rates.cache_write,
            output_price=rates and rates.output,
            estimated=estimated,
            time=self.elapsed,
            ttft=None if self._first is None else round(self._first - self._started, 4),
        )

    def settle(self, measured: Measurement, *, again: bool = False) -> None:
        """Keep the usage of the call, and settle its budgets: in the transaction that stores what it brought.

        `again` says that an earlier try may have been committed though nobody heard of it.
        """
        self.charge.settle(measured, failed=self.failure is not None, again=again)

    def _counted(self) -> tuple[Usage | None, bool]:
        """Count the tokens, and tell whether any were estimated.

        What the provider reported stands. Of a stream that broke off the output is estimated, for its last count came
        early; of one that was abandoned before the first piece the prompt, which the provider had accepted.
        """
        usage = self._usage
        if usage is None:
            if self._first is None and not self._whole and not (self.closed and self._stream is not None):
                return None, False
            usage = Usage(input_tokens=prompt_tokens(self.prompt), output_tokens=None)
        elif self._whole and usage.output_tokens is not None:
            return usage, False
        written = self._arrived.tokens
        if self.prompt.max_tokens is not None:  # whatever the estimate, there are no more
            written = min(
                written, self.prompt.max_tokens * answers_asked(None if self.relay is None else self.relay.body)
            )
        return replace(usage, output_tokens=max(written, usage.output_tokens or 0)), True

    def _end(self) -> None:
        """Record how the call ended."""
        self._ended = self._ended or time.perf_counter()
        measured = self.measure()
        record_call(
            provider=self.model.provider.slug,
            model=self.model.id,
            outcome="left" if self.closed else "failed" if self.failure else "ok",
            ttft=measured.ttft,
            measured=measured,
        )

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()


def _with_output_limit(model: ResolvedModel, prompt: Prompt) -> Prompt:
    """Where the wire format requires a limit and the user gave none, take the model's own, if it is known."""
    if not model.client.requires_max_tokens or prompt.max_tokens is not None or model.registered is None:
        return prompt
    return replace(prompt, max_tokens=model.registered.max_output_tokens)


def _limited(model: ResolvedModel, relay: Relay | None, prompt: Prompt, limited: Prompt) -> Relay | None:
    """Write into a relayed request what a budget allows, if the client named no limit."""
    if relay is None or limited.max_tokens == prompt.max_tokens:
        return relay
    name = model.client.limit_field(relay.format)
    return replace(relay, body={**relay.body, name: limited.max_tokens}, own=relay.own | {name, "max_tokens"})


def _check(model: ResolvedModel, prompt: Prompt) -> None:
    problems = model.client.problems(model.id, prompt)
    if prompt.reasoning_effort is not None and model.registered is not None and model.registered.reasoning is False:
        problems["reasoning_effort"] = "This model does not reason."
    if problems:
        raise ValidationError(problems)
    check_inputs(prompt, slug=model.provider.slug, model=model.id, registered=model.registered, client=model.client)
