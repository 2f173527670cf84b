"""Adds an answer to its conversation, and counts it there by a statement that is written once."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from conversations.chat.turns import TICK
from conversations.history.queries import messages_after
from conversations.models import Conversation, Message

FIELDS = {field.name: field for field in Conversation._meta.concrete_fields}


def add_answer(
    conversation: Conversation,
    answer: Message,
    *,
    asked_at: datetime | None = None,
    ended: UUID | None = None,
    **changes: Any,
) -> bool:
    """Add an answer to a conversation that may have gone on meanwhile; returns whether it is still there.

    It stands before the next question if there is one since `asked_at`, the time of its own: two questions that were
    asked at once are each followed by their own answer. Without `asked_at` it stands at the end. `ended` is its
    stream, which is no longer running, and `changes` are values of the conversation that change with it.

    One statement both locks and counts, unless the conversation went on, was given to another user, or its last message
    has a time in the future; then the row is locked first.
    """
    moment, owner = timezone.now(), conversation.user_id
    if not count_message(conversation.pk, moment, changes, if_owned_by=owner, if_last_at=asked_at, ended=ended):
        row = Conversation.objects.filter(pk=conversation.pk)
        found = row.select_for_update().values_list("user_id", "last_message_at").first()
        if found is None:
            return False
        conversation.user_id, latest = found
        moment = max(timezone.now(), latest + TICK)
        before = _before_the_next_question(conversation.pk, asked_at)
        count_message(conversation.pk, moment if before is None else latest, changes, ended=ended)
        moment = before or moment
    answer.conversation, answer.created_at = conversation, moment
    Message.objects.insert([answer])
    return True


def _before_the_next_question(conversation_id: UUID, asked_at: datetime | None) -> datetime | None:
    """Return a time between a question and the next one; None when it is the last, or there is no time between."""
    if asked_at is None:
        return None
    following = messages_after(conversation_id, asked_at).filter(role=Message.Role.USER).first()
    if following is None or following.created_at - asked_at <= TICK:
        return None
    return following.created_at - TICK


def count_message(
    conversation_id: UUID,
    moment: datetime,
    changes: dict[str, Any],
    *,
    if_owned_by: int | None = None,
    if_last_at: datetime | None = None,
    ended: UUID | None = None,
) -> bool:
    """Count one message more, the last one at `moment`, and set what `changes` with it; returns whether there is a row.

    With `if_owned_by` only in a conversation of this user whose last message is older, and with `if_last_at` of just
    this time. Of the stream that `ended` it no longer says that it is running. Nothing is invalidated, since adding the
    message invalidates the owner's lists. Raises what the database raises.
    """
    now = timezone.now()  # not before updated_at: waiting for the lock took time
    values = [("last_message_at", moment), ("updated_at", now), ("updated_at", now), *changes.items()]
    values += [("running", ended)] * 2
    conditions: list[tuple[str, Any]] = [("id", conversation_id)]
    if if_owned_by is not None:
        conditions += [("user", if_owned_by), ("last_message_at", moment)]
        conditions += [("last_message_at", if_last_at)] if if_last_at is not None else []
    with connection.cursor() as cursor:
        statement = _statement(tuple(changes), if_owned_by is not None, if_last_at is not None)
        cursor.execute(statement, _adapted(values + conditions))
        return bool(cursor.rowcount)


def _adapted(values: Sequence[tuple[str, Any]]) -> list[Any]:
    return [FIELDS[name].get_db_prep_save(value, connection) for name, value in values]


@cache
def _statement(changed: tuple[str, ...], owned: bool, last: bool) -> str:
    more = "".join(f', "{FIELDS[name].column}" = %s' for name in changed)
    condition = ' AND "user_id" = %s AND "last_message_at" < %s' if owned else ""
    condition += ' AND "last_message_at" = %s' if owned and last else ""
    return (
        f'UPDATE "{Conversation._meta.db_table}" SET "message_count" = "message_count" + 1, "last_message_at" = %s, '  # noqa: S608 - names of the model
        f'"updated_at" = CASE WHEN "updated_at" > %s THEN "updated_at" ELSE %s END{more}, '
        '"running_at" = CASE WHEN "running" = %s THEN NULL ELSE "running_at" END, '
        '"running" = CASE WHEN "running" = %s THEN NULL ELSE "running" END '
        f'WHERE "id" = %s{condition}'
    )
