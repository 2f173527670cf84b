"""Answers that are kept, by their ids: requests go on from them, and clients ask for them again or delete them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from rest_framework.exceptions import NotFound

from conversations.files.parts import with_contents
from conversations.gateway.keeping import Place
from conversations.history.queries import kept_answer, messages, messages_before, own_message, turns_until
from conversations.models import Conversation, Message
from models_registry.calls.measurement import COUNT_COLUMNS
from models_registry.protocols.answers import Answer
from models_registry.protocols.requests import BLANK_LINE, BadRequest, ClientRequest, merged
from models_registry.protocols.responses_answers import answer_of_id
from models_registry.providers.asking.responses_bodies import items
from models_registry.providers.base import Part, Turn
from models_registry.providers.reading.finish import finish_reason

PREVIOUS = "previous_response_id"
SENT = ("text", "tool_call", "tool_result", "reasoning")  # parts of which all is kept


def continued(asked: ClientRequest, user_id: int, place: Place) -> tuple[ClientRequest, Place]:
    """Put the turns up to the answer that a request goes on from before its own, and say where it is kept.

    The provider is sent them all: it need not know the answer, and what they cost can be reserved. Instructions of the
    request take the place of the system prompt that is kept. Raises BadRequest for an answer that is not the user's,
    is not whole, or comes after a file of a kind that is not kept, and FileGone.
    """
    answer_id = answer_of_id(asked.previous or "")
    found = None if answer_id is None else kept_answer(user_id, answer_id)
    if found is None:
        message = f"There is no whole answer of this id: {str(asked.previous)[:80]}."
        raise BadRequest(PREVIOUS, message, "previous_response_not_found")
    turns = [Turn(**row) for row in turns_until(found["conversation_id"], found["created_at"])]
    for turn in turns:
        _check(turn.parts or ())
    turns = with_contents(turns, user_id)
    body = {name: value for name, value in asked.body.items() if name != PREVIOUS}
    system = asked.prompt.system
    if found["conversation__system"] and not asked.body.get("instructions"):
        body["instructions"] = found["conversation__system"]
        system = BLANK_LINE.join(filter(None, (found["conversation__system"], system)))
    given = body.get("input")
    own = [{"role": "user", "content": given}] if isinstance(given, str) else given or []
    body["input"] = [*items(turns), *own]
    prompt = replace(asked.prompt, messages=merged([*turns, *asked.prompt.messages]), system=system)
    if place.conversation_id is None:
        place = Place(found["conversation_id"], found["created_at"])
    return replace(asked, prompt=prompt, body=body), place


def shown(user_id: int, answer_id: UUID | None) -> Message:
    """Return a user's answer. Raises NotFound."""
    found = None if answer_id is None else own_message(user_id, answer_id).first()
    if found is None or found.role != Message.Role.ASSISTANT:
        raise NotFound("There is no response of this id.")
    return found


def answer_in(message: Message) -> Answer:
    """Read a kept answer."""
    parts: list[Part] = message.parts or []
    return Answer(
        text=message.content,
        reasoning=message.reasoning or "",
        tool_calls=[part for part in parts if part["type"] == "tool_call"],
        finish_reason=finish_reason(message.finish_reason),
        counts={name: getattr(message, name) for name in COUNT_COLUMNS},
        signature="".join(part["signature"] for part in parts if part["type"] == "reasoning"),
    )


def forget(user_id: int, answer_id: UUID | None) -> None:
    """Delete an answer with the questions before it, and a conversation that has nothing else. Raises NotFound."""
    with transaction.atomic():
        answer = shown(user_id, answer_id)
        own = Conversation.objects.for_user(user_id).select_for_update()
        conversation = own.filter(pk=answer.conversation_id).first()
        if conversation is None:
            raise NotFound("There is no response of this id.")
        before = messages_before(conversation.pk, answer.created_at, answer.pk)
        others = before.filter(role=Message.Role.ASSISTANT).order_by("-created_at", "-id")
        earlier = others.values_list("created_at", flat=True).first()
        questions = before.filter(role=Message.Role.USER)
        if earlier is not None:
            questions = questions.filter(created_at__gt=earlier)
        gone = [answer.pk, *questions.values_list("pk", flat=True)]
        Message.objects.filter(pk__in=gone).delete()
        if not messages(conversation.pk).exists():
            conversation.delete()


def _check(parts: Any) -> None:
    """Raise BadRequest for parts that cannot be sent again, as not all of them is kept."""
    for part in parts:
        held = part.get("content")
        if part["type"] not in SENT and not part.get("url") and "file_id" not in part:
            raise BadRequest(PREVIOUS, "An image or a file before this answer is not kept; send the whole history.")
        _check([each for each in held if isinstance(each, Mapping)] if isinstance(held, list) else ())
