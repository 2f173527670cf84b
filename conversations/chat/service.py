"""Chatting: the user's message is kept before the model is asked, and the answer however it ends."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import APIException, NotFound, ValidationError
from uuid_utils.compat import uuid7

from conversations.chat.context import Mode, fit
from conversations.chat.counting import add_answer
from conversations.chat.running import mark, mark_stored
from conversations.chat.turns import TICK, alternating, joined
from conversations.completions.concurrency import storage_limit
from conversations.completions.idempotency.records import AnswerDeleted, Attempt
from conversations.completions.parts import kept_parts
from conversations.completions.reasons import INTERRUPTED, reason
from conversations.completions.storing import Storing
from conversations.completions.usage import measurement
from conversations.files.parts import with_contents, with_text
from conversations.files.uses import use_in_messages
from conversations.history.queries import history, question
from conversations.models import PREVIEW_LENGTH, Conversation, Message, RepeatableRequest
from models_registry.calls.completion import Call, ResolvedModel, resolve
from models_registry.catalogue.lookup import known_model
from models_registry.models import Provider
from models_registry.providers.base import Prompt, Turn
from perf.api.access import Access
from perf.serving.logs import request_id

TITLE_FROM_MESSAGE = 80  # characters
TURN_FIELDS = (
    *("provider", "model", "title", "system", "digest"),
    *("message_count", "preview", "last_message_at", "updated_at", "running", "running_at"),
)


class Exchange:
    """A stored question and the call that answers it; `message` is the answer once the call ended."""

    def __init__(
        self,
        conversation: Conversation,
        question_id: UUID | None,
        call: Call,
        attempt: Attempt | None = None,
        *,
        dropped: int = 0,
        stream_id: UUID | None = None,
        add: Callable[[Conversation, Message], bool] | None = None,
        answer_id: UUID | None = None,
    ) -> None:
        """Take the number of messages left out of the call (`dropped`), what `add`s the answer, and the answer's id.

        `question_id` is None where an earlier request stored the question, and nobody asks for it. `add` adds the
        answer to the conversation, at its end by default, and returns whether it did. `stream_id` is what the
        conversation says is running.
        """
        self.conversation = conversation  # as it was when the question was stored
        self.question_id = question_id
        self.stream_id = stream_id or uuid4()
        self._add = add or add_answer
        self._answer_id = answer_id or uuid7()
        self.call = call
        self.dropped = dropped
        self.attempt = attempt
        self.message: Message | None = None
        self.stored = False
        self._storing: Storing | None = None

    def finish(self, *, whole: bool, failure: APIException | None = None) -> None:
        """Store what has arrived, once, waiting while the database is away. Raises what the last try raises."""
        for _ in self.finishing(whole=whole, failure=failure):
            pass

    def finishing(self, *, whole: bool, failure: APIException | None = None) -> Iterator[None]:
        """Store what has arrived, once, yielding while the database is away, when no connection is held.

        An answer that is not whole is `interrupted`, or an `error` when no text of it came and nobody gave it up. It is
        stored with the `failure` that the client is told, by default that of the call. When the conversation was
        deleted meanwhile there is nothing to store it in.
        """
        if self._storing is None:
            answer = self._answer(whole=whole, failure=failure or self.call.failure)
            self.message = answer
            self._storing = Storing(
                lambda again: self._store(answer, whole=whole, again=again), conversation_id=self.conversation.pk
            )
        return self._storing.attempts()

    def _answer(self, *, whole: bool, failure: APIException | None) -> Message:
        complete = whole and failure is None
        code, message = (None, None) if complete else INTERRUPTED if failure is None else reason(failure)
        text = self.call.text
        given_up = self.call.closed and self.call.reasoning
        broken = Message.Status.INTERRUPTED if text.strip() or given_up else Message.Status.ERROR
        return Message(
            id=self._answer_id,
            role=Message.Role.ASSISTANT,
            content=text,
            provider=self.call.model.provider.slug,
            model=self.call.model.id,
            status=Message.Status.COMPLETE if complete else broken,
            parts=kept_parts(self.call.parts),
            reasoning=self.call.reasoning or None,
            finish_reason=self.call.finish_reason,
            error=code,
            error_message=message,
            request_id=None if complete else request_id.get(),
            dropped_messages=self.dropped,
            metered=True,
            **self.call.measure()._asdict(),
        )

    def _store(self, answer: Message, *, whole: bool, again: bool) -> None:
        with storage_limit.acquire(), transaction.atomic():
            if again and _is_stored(self.conversation, answer):
                self.stored = True
                return
            stored = self._add(self.conversation, answer)
            self.call.settle(measurement(answer), again=again)
            if stored and self.attempt is not None:
                if whole:
                    self.attempt.complete(answer.pk)
                else:
                    self.attempt.release()
        self.stored = stored

    def abandon(self) -> None:
        """Cancel a call whose client left, and store what has arrived."""
        if self._storing is None:
            self.call.close()
        self.finish(whole=False)


def begin(
    *,
    access: Access,
    prompt: Prompt,
    provider: Provider | None = None,
    model: str | None = None,
    conversation_id: UUID | None = None,
    context: Mode = "full",
    attempt: Attempt | None = None,
) -> Exchange:
    """Store the user's message and prepare the call, holding no connection afterwards.

    Without `conversation_id` a conversation begins, of all messages of the prompt. With it, the prompt is the one new
    message, and a provider, model or system prompt that is None stays what it was. `context` says whether the oldest
    messages may be left out of the call.

    Raises NotFound for a conversation that is not the user's, what `call_of` and `resolve` raise, ValidationError for a
    file that is gone, and InProgress or AnswerDeleted of an `attempt`: then nothing is stored. When an earlier attempt
    stored the message it is answered where it stands.
    """
    with storage_limit.acquire():
        resolved = resolve_for(access, provider, model, conversation_id)
        with transaction.atomic():
            if attempt is not None and attempt.record is not None:
                return _resume(attempt, attempt.record, resolved, prompt, context)
            conversation = _conversation(access.user_id, conversation_id, resolved, prompt)
            asked = [_user_message(turn, resolved) for turn in prompt.messages]
            stream_id = mark(conversation)
            append(conversation, asked)
            use_in_messages(access.user_id, asked)
            if attempt is not None:
                attempt.claim(conversation=conversation, asked_at=conversation.last_message_at)
            messages = joined(prompt.messages) if conversation_id is None else _history(conversation)
            call, dropped = call_of(resolved, conversation, prompt, messages, context)
        add = partial(add_answer, asked_at=asked[-1].created_at, ended=stream_id)
        return Exchange(conversation, asked[-1].pk, call, attempt, dropped=dropped, stream_id=stream_id, add=add)


def _resume(
    attempt: Attempt, earlier: RepeatableRequest, resolved: ResolvedModel, prompt: Prompt, context: Mode
) -> Exchange:
    """Answer what an earlier attempt stored before it failed or died, with the history as it was then.

    Raises AnswerDeleted when the message is gone.
    """
    attempt.claim()  # first: from here on the conversation cannot be deleted before this is stored
    conversation, asked_at = earlier.conversation, earlier.asked_at
    assert conversation is not None  # noqa: S101 - else it could not be taken
    assert asked_at is not None  # noqa: S101 - a chat has its time
    question_id = next(iter(question(conversation.pk, asked_at).values_list("pk", flat=True)), None)
    if question_id is None:
        raise AnswerDeleted
    call, dropped = call_of(resolved, conversation, prompt, _history(conversation, asked_at), context)
    stream_id = mark_stored(conversation)
    add = partial(add_answer, asked_at=asked_at, ended=stream_id)
    return Exchange(conversation, question_id, call, attempt, dropped=dropped, stream_id=stream_id, add=add)


def resolve_for(
    access: Access, provider: Provider | None, model: str | None, conversation_id: UUID | None
) -> ResolvedModel:
    """Find the model to call; what is None is the conversation's.

    Raises NotFound, ValidationError for another provider that does not know the conversation's model, and what
    `resolve` raises.
    """
    if conversation_id is not None and (provider is None or model is None):
        current = Conversation.objects.for_user(access.user_id).filter(pk=conversation_id).first()
        if current is None:
            raise NotFound
        if provider is not None and provider.slug != current.provider and known_model(provider, current.model) is None:
            raise ValidationError({"model": f"Name a model of {provider.slug}: it does not know {current.model}."})
        provider = provider or Provider.objects.usable().filter(slug=current.provider).first()
        model = model or current.model
    if provider is None or model is None:
        raise NotFound("The provider of this conversation is gone; name another one.")
    return resolve(access=access, provider=provider, model=model)


def _conversation(user_id: int, conversation_id: UUID | None, resolved: ResolvedModel, prompt: Prompt) -> Conversation:
    """Lock the conversation to continue, or begin one; the model that is called becomes its own."""
    if conversation_id is None:
        conversation = Conversation(user_id=user_id)
    else:
        own = Conversation.objects.for_user(user_id).select_for_update()
        found = own.filter(pk=conversation_id).first()
        if found is None:
            raise NotFound
        conversation = found
    prepare(conversation, resolved, prompt)
    return conversation


def prepare(conversation: Conversation, resolved: ResolvedModel, prompt: Prompt) -> None:
    """Make the model that is called a conversation's own, and give it the system prompt and a title if it has none."""
    conversation.provider, conversation.model = resolved.provider.slug, resolved.id
    if prompt.system is not None:
        conversation.system = prompt.system
    if not conversation.title:
        conversation.title = " ".join(prompt.messages[0].content.split())[:TITLE_FROM_MESSAGE].rstrip()


def append(conversation: Conversation, messages: Sequence[Message]) -> None:
    """Add messages to a locked conversation, each later than the last, whatever the clocks of two machines say.

    None may be added, so that only what was prepared is saved. The digest is gone until an answer sets it.
    """
    latest = conversation.last_message_at if conversation.message_count else conversation.created_at
    moment = max(timezone.now(), latest + TICK)
    for offset, message in enumerate(messages):
        message.conversation = conversation
        message.created_at = moment + offset * TICK
        if message.role == Message.Role.USER:
            conversation.preview = message.content[:PREVIEW_LENGTH]
    conversation.message_count += len(messages)
    if messages:
        conversation.last_message_at = messages[-1].created_at
    conversation.digest = None
    if conversation._state.adding:
        Conversation.objects.insert([conversation])
    else:
        conversation.save(update_fields=TURN_FIELDS)  # not the owner: saving it would have its old one looked up
    Message.objects.insert(messages)


def _is_stored(conversation: Conversation, answer: Message) -> bool:
    """Tell whether an earlier try was committed though nobody heard of it; one still under way is waited for."""
    list(Conversation.objects.filter(pk=conversation.pk).select_for_update().values_list("pk"))
    return Message.objects.filter(pk=answer.pk).exists()


def _user_message(turn: Turn, resolved: ResolvedModel) -> Message:
    parts = with_text(turn.content, turn.parts)
    names = {"provider": resolved.provider.slug, "model": resolved.id}
    return Message(role=turn.role, content=turn.content, parts=parts, **names)


def _history(conversation: Conversation, until: datetime | None = None) -> list[Turn]:
    return alternating(history(conversation.pk, until))


def call_of(
    resolved: ResolvedModel, conversation: Conversation, prompt: Prompt, messages: Sequence[Turn], context: Mode
) -> tuple[Call, int]:
    """Return the call that answers the last of `messages`, and the number of messages left out of it.

    Raises ContextLengthExceeded, FileGone, and what `Call` raises.
    """
    sent = with_contents(messages, conversation.user_id)
    whole = replace(prompt, messages=sent, system=conversation.system)
    fitting, dropped = fit(resolved, whole, context)
    return Call(resolved, replace(whole, messages=fitting)), dropped
