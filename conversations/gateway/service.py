"""A request to the gateway: it finds its conversation, is kept, and asks one candidate after the other."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from rest_framework.exceptions import APIException, NotFound, ValidationError

from conversations.chat.counting import add_answer
from conversations.chat.service import Exchange, append, prepare
from conversations.completions.concurrency import storage_limit
from conversations.completions.parts import kept_parts
from conversations.completions.runner import complete, stream_all
from conversations.completions.storing import Storing
from conversations.completions.usage import settling
from conversations.files.parts import kept_turns
from conversations.files.uses import use_in_messages
from conversations.gateway.digests import digests, kept_under
from conversations.models import Conversation, Message
from models_registry.calls.collected import prompt_tokens
from models_registry.calls.completion import Call, ResolvedModel, resolve
from models_registry.catalogue.names import Candidate, candidates
from models_registry.errors import ProviderError
from models_registry.models import ProviderKind
from models_registry.protocols.requests import BadRequest, ClientRequest
from models_registry.providers.anthropic import AnthropicClient
from models_registry.providers.base import Piece, Prompt, Relay, Relayed, Turn
from models_registry.providers.reading.text import clean
from perf.api.access import Access
from perf.db.connections import release


class Run:
    """A request under way. `call` is that of the candidate that is asked; `exchange` is None if nothing is kept."""

    def __init__(self, asked: ClientRequest, models: Sequence[Candidate], access: Access) -> None:
        """Resolve the candidates. Raises what is wrong with the first one when none of them can be called."""
        self.asked = asked
        self.exchange: Exchange | None = None
        self._settling: Storing | None = None
        self._failures: list[tuple[str, APIException]] = []
        self._waiting: deque[ResolvedModel] = deque()
        for each in models:
            try:
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
                return call_of(model, self.asked)
            except APIException as error:
                self._failures.append((f"{model.provider.slug}/{model.id}", error))
        return None

    def _combined(self, last: APIException) -> APIException:
        """Say of each candidate why it did not answer, with the status of the last."""
        said = "; ".join(f"{name}: {error.detail}" for name, error in self._failures)
        combined = ProviderError(f"No model that {self.asked.model} stands for answered: {said}")
        combined.status_code = last.status_code
        return combined


def begin(*, access: Access, asked: ClientRequest, conversation_id: UUID | None = None) -> Run:
    """Keep the question and prepare the call, holding no connection afterwards.

    Raises ModelNotFound, AmbiguousModel, UnknownModel, ModelDeactivated, ModelNotAllowed, APIKeyMissing,
    APIKeyUnreadable, BudgetExceeded, PriceUnknown, BadRequest for what the model's provider cannot be told, and
    NotFound for a conversation that is not the user's: then nothing is stored.
    """
    with storage_limit.acquire():
        try:
            run = Run(asked, candidates(asked.model, user_id=access.user_id), access)
            try:
                if asked.store:
                    run.exchange = _kept(run, access.user_id, conversation_id)
            except BaseException:
                run.call.charge.give_back()
                raise
        finally:
            release()
    return run


def count(*, access: Access, asked: ClientRequest) -> int:
    """Count the tokens of a request, as its provider does where that speaks Anthropic's protocol, else by estimate.

    Raises what `begin` raises, and ProviderError.
    """
    try:
        first = candidates(asked.model, user_id=access.user_id)[0]
        model = resolve(access=access, provider=first.provider, model=first.model)
    finally:
        release()
    if not isinstance(model.client, AnthropicClient):
        return prompt_tokens(asked.prompt)
    return model.client.count_tokens(model.id, Relay(body=asked.body, headers=asked.headers))


def call_of(model: ResolvedModel, asked: ClientRequest) -> Call:
    """Make the call of a model: the request as it is for a provider of the same protocol, else a translation.

    Raises BadRequest for what the provider cannot be told.
    """
    if model.client.kind == asked.protocol:
        body = dict(asked.body)
        if model.provider.kind != ProviderKind.OPENAI:
            body.pop("store", None)  # no other vendor stores anything, and some refuse the word
        return Call(model, asked.prompt, relay=Relay(body=body, headers=asked.headers), may_be_empty=True)
    for place, problem in asked.untranslatable.items():
        raise BadRequest(place, problem, "unsupported_parameter")
    try:
        return Call(model, replace(asked.prompt, cache=settings.PROMPT_CACHING), may_be_empty=True)
    except ValidationError as error:
        detail: Any = error.detail  # a sentence for each parameter
        name, problem = next(iter(detail.items()))
        raise BadRequest(asked.names.get(name, name), str(problem), "unsupported_parameter") from error


def _kept(run: Run, user_id: int, conversation_id: UUID | None) -> Exchange:
    """Store the turns that are not yet kept, in the conversation that they continue or in a new one."""
    model, chain = run.call.model, digests(run.asked.prompt.messages)
    turns = kept_turns(run.asked.prompt.messages, user_id)
    answered = max((place for place, turn in enumerate(turns, 1) if turn.role == "assistant"), default=0)
    known = {chain[-1]: len(turns)} | ({chain[answered - 1]: answered} if answered else {})
    with transaction.atomic():
        conversation, kept = _found(user_id, conversation_id, known, answered)
        prepare(conversation, model, _storable(run.asked.prompt))
        new = [_message(turn, model) for turn in turns[kept:]]
        append(conversation, new)
        use_in_messages(user_id, new)

    def add(row: Conversation, answer: Message) -> bool:
        digest = chain[-1]  # of an answer that failed, so that the same request asks the same question again
        if answer.status == Message.Status.COMPLETE:
            digest = digests([Turn("assistant", answer.content, answer.parts)], digest)[0]
        return add_answer(row, answer, digest=digest, provider=answer.provider, model=answer.model)

    return Exchange(conversation, new[-1].pk if new else None, run.call, add=add)


def _found(
    user_id: int, conversation_id: UUID | None, known: dict[str, int], answered: int
) -> tuple[Conversation, int]:
    """Lock the conversation to continue, or begin one, and tell how many of the turns it has already.

    Raises NotFound for one that is not the user's.
    """
    own = Conversation.objects.for_user(user_id).select_for_update()
    if conversation_id is not None:
        named = own.filter(pk=conversation_id).first()
        if named is None:
            raise NotFound("There is no conversation of this id.")
        return named, known.get(named.digest or "", answered if named.message_count else 0)
    for pk, digest in sorted(kept_under(user_id, list(known)), key=lambda row: (known[row[1]], row[0]), reverse=True):
        found = own.filter(pk=pk, digest=digest).first()  # unless another request has just continued it
        if found is not None:
            return found, known[digest]
    return Conversation(user_id=user_id), 0


def _storable(prompt: Prompt) -> Prompt:
    """Return what of a prompt becomes a conversation's own, as text that can be stored."""
    first, *_ = prompt.messages
    system = None if prompt.system is None else clean(prompt.system)[0]
    return Prompt(messages=[Turn(first.role, clean(first.content)[0])], system=system)


def _message(turn: Turn, model: ResolvedModel) -> Message:
    return Message(
        role=turn.role,
        content=clean(turn.content)[0],
        parts=kept_parts(turn.parts),
        provider=model.provider.slug,
        model=model.id,
    )
