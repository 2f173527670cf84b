"""A request to the gateway: it finds its conversation, is kept, and asks one candidate after the other."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.exceptions import APIException, ValidationError
from uuid_utils.compat import uuid7

from conversations.chat.exchange import Exchange
from conversations.completions.concurrency import storage_limit
from conversations.completions.idempotency.records import Attempt
from conversations.completions.runner import complete, stream_all
from conversations.completions.storing import Storing
from conversations.completions.usage import settling
from conversations.gateway.keeping import Place, keep
from conversations.gateway.previous import continued
from conversations.selection.service import AUTO_NAME, Choice, choose
from models_registry.calls.collected import prompt_tokens
from models_registry.calls.completion import Call, ResolvedModel, resolve
from models_registry.catalogue.names import Candidate, candidates
from models_registry.errors import ModelNotAllowed, ProviderError
from models_registry.models import ProviderKind
from models_registry.protocols.requests import BadRequest, ClientRequest
from models_registry.protocols.responses_answers import id_of
from models_registry.providers.anthropic import AnthropicClient
from models_registry.providers.base import Piece, Relay, Relayed
from perf.api.access import Access
from perf.db.connections import release


class Run:
    """A request under way. `call` is that of the candidate that is asked; `exchange` is None if nothing is kept."""

    def __init__(
        self, asked: ClientRequest, models: Sequence[Candidate], choice: Choice | None, access: Access
    ) -> None:
        """Resolve the candidates. Raises what is wrong with the first one when none of them can be called."""
        self.asked = asked
        self.choice = choice
        self.answer_id = uuid7()
        self.exchange: Exchange | None = None
        self._settling: Storing | None = None
        self._failures: list[tuple[str, APIException]] = []
        self._waiting: deque[ResolvedModel] = deque()
        allowed = {each.name for each in models if access.may_use(each.name)}
        for each in models:
            try:
                if allowed and each.name not in allowed:  # a refusal that is not logged, since another one may answer
                    raise ModelNotAllowed(provider=each.provider.slug, model=each.model)
                self._waiting.append(resolve(access=access, provider=each.provider, model=each.model))
            except APIException as error:
                self._failures.append((each.name, error))
        call = self._next()
        if call is None:
            raise self._failures[0][1]
        self.call = call

    @property
    def name(self) -> str:
        """The name of the model that speaks, `provider/model`."""
        return f"{self.call.model.provider.slug}/{self.call.model.id}"

    @property
    def conversation_id(self) -> UUID | None:
        """Where the exchange is kept."""
        return None if self.exchange is None else self.exchange.conversation.pk

    def complete(self) -> None:
        """Wait for the whole answer. Raises ProviderError when no candidate is left that could give one."""
        while True:
            try:
                return complete(self.call)
            except ProviderError as error:
                self._advance(error)

    def pieces(self) -> Iterator[list[Piece | Relayed]]:
        """Yield what arrives, [] in times of silence. Raises as `complete` does, also after some pieces."""
        while True:
            failure: APIException | None = None
            for arrived in stream_all([self.call], heartbeat=settings.STREAM_HEARTBEAT):
                failure = next((event for _, event in arrived if isinstance(event, APIException)), None)
                events = [event for _, event in arrived if event is not None and not isinstance(event, APIException)]
                if events or not arrived:
                    yield events
            if failure is None:
                return
            self._advance(failure)

    @property
    def reason(self) -> str | None:
        """Why this model was chosen; None where the client named it."""
        return None if self.choice is None else self.choice.reason

    def finishing(self, *, whole: bool) -> Iterator[None]:
        """Store the answer as far as it has come, or its usage alone; see `Exchange.finishing`."""
        if self.exchange is not None:
            return self.exchange.finishing(whole=whole)
        if self._settling is None:
            self._settling = settling(self.call)
        return self._settling.attempts()

    def abandon(self) -> None:
        """Cancel a call whose client left, and store what has arrived."""
        if self.exchange is not None:
            self.exchange.abandon()
            return
        if self._settling is None:
            self.call.close()
        for _ in self.finishing(whole=False):
            pass

    def _advance(self, failure: APIException) -> None:
        """Go on with the next candidate; raises the failure if there is none, or it came after the first byte."""
        self._failures.append((self.name, failure))
        following = None if self.call.begun or self.call.closed else self._next()
        if following is None:
            raise self._combined(failure) if len(self._failures) > 1 and not self.call.begun else failure
        settling(self.call).wait()
        self.call = following
        if self.exchange is not None:
            self.exchange.call = following

    def _next(self) -> Call | None:
        while self._waiting:
            model = self._waiting.popleft()
            try:
                return call_of(model, self.asked, self.answer_id)
            except APIException as error:
                self._failures.append((f"{model.provider.slug}/{model.id}", error))
        return None

    def _combined(self, last: APIException) -> APIException:
        """Say of each candidate why it did not answer, with the status of the last."""
        said = "; ".join(f"{name}: {error.detail}" for name, error in self._failures)
        combined = ProviderError(f"No model that {self.asked.model} stands for answered: {said}")
        combined.status_code = last.status_code
        return combined


def begin(
    *, access: Access, asked: ClientRequest, conversation_id: UUID | None = None, attempt: Attempt | None = None
) -> Run:
    """Keep the question and prepare the call, holding no connection afterwards.

    Raises ModelNotFound, AmbiguousModel, UnknownModel, ModelDeactivated, ModelNotAllowed, APIKeyMissing,
    APIKeyUnreadable, BudgetExceeded, PriceUnknown, BadRequest for what the model's provider cannot be told and for an
    answer that cannot be gone on from, NotFound for a conversation that is not the user's, and InProgress or
    AnswerDeleted of an `attempt`: then nothing is stored.
    """
    place = Place(conversation_id)
    with storage_limit.acquire():
        try:
            if asked.previous is not None:
                asked, place = continued(asked, access.user_id, place)
            run = Run(asked, *models_of(asked, access), access)
            try:
                if asked.store:
                    run.exchange = keep(run.call, asked.prompt, place, answer_id=run.answer_id, attempt=attempt)
            except BaseException:
                run.call.charge.give_back()
                raise
        finally:
            release()
    return run


def models_of(asked: ClientRequest, access: Access) -> tuple[Sequence[Candidate], Choice | None]:
    """Return the models to try, in order, and the choice that they come from, if the request asks for one.

    Raises ModelNotFound, AmbiguousModel and NoCandidate.
    """
    if asked.model != AUTO_NAME:
        return candidates(asked.model, user_id=access.user_id), None
    choice = choose(access=access, prompt=asked.prompt)
    return [candidates("/".join(name), user_id=access.user_id)[0] for name in choice.order], choice


def count(*, access: Access, asked: ClientRequest) -> int:
    """Count the tokens of a request, as its provider does where that speaks Anthropic's protocol, else by estimate.

    Raises what `begin` raises, and ProviderError.
    """
    try:
        first = models_of(asked, access)[0][0]
        model = resolve(access=access, provider=first.provider, model=first.model)
    finally:
        release()
    if not isinstance(model.client, AnthropicClient):
        return prompt_tokens(asked.prompt)
    return model.client.count_tokens(model.id, Relay(format="anthropic", body=asked.body, headers=asked.headers))


def call_of(model: ResolvedModel, asked: ClientRequest, answer_id: UUID) -> Call:
    """Make the call of a model: the request as it is for a provider of the same protocol, else a translation.

    Raises BadRequest for what the provider cannot be told.
    """
    if asked.protocol in model.client.relays:
        body = dict(asked.body)
        if model.provider.kind != ProviderKind.OPENAI:
            body.pop("store", None)  # no other vendor stores anything, and some refuse the word
        own_id = id_of(answer_id) if asked.store else ""  # by which it is found here
        relay = Relay(format=asked.protocol, body=body, headers=asked.headers, answer_id=own_id)
        return Call(model, asked.prompt, relay=relay, may_be_empty=True)
    for place, problem in asked.untranslatable.items():
        raise BadRequest(place, problem, "unsupported_parameter")
    try:
        return Call(model, replace(asked.prompt, cache=settings.PROMPT_CACHING), may_be_empty=True)
    except ValidationError as error:
        detail: Any = error.detail  # a sentence for each parameter
        name, problem = next(iter(detail.items()))
        raise BadRequest(asked.names.get(name, name), str(problem), "unsupported_parameter") from error
