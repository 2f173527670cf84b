"""Counts an answer in its conversation, by a statement that is written once: one of the two writes of each chat."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from conversations.models import Conversation

FIELDS = {field.name: field for field in Conversation._meta.concrete_fields}


def count_message(
    conversation_id: UUID,
    moment: datetime,
    changes: dict[str, Any],
    *,
    if_owned_by: int | None = None,
    ended: UUID | None = None,
) -> bool:
    """Count one message more, the last one at `moment`, and set what `changes` with it; returns whether there is a row.

    Of the stream that `ended` it no longer says that it is running.

    With `if_owned_by` only in a conversation of this user whose last message is older. Nothing is invalidated, since
    adding the message invalidates the owner's lists. Raises what the database raises.
    """
    now = timezone.now()  # not before updated_at: waiting for the lock took time
    values = [("last_message_at", moment), ("updated_at", now), ("updated_at", now), *changes.items()]
    values += [("running", ended)] * 2
    conditions: list[tuple[str, Any]] = [("id", conversation_id)]
    if if_owned_by is not None:
        conditions += [("user", if_owned_by), ("last_message_at", moment)]
    with connection.cursor() as cursor:
        cursor.execute(_statement(tuple(changes), if_owned_by is not None), _adapted(values + conditions))
        return bool(cursor.rowcount)


def _adapted(values: Sequence[tuple[str, Any]]) -> list[Any]:
    return [FIELDS[name].get_db_prep_save(value, connection) for name, value in values]


@cache
def _statement(changed: tuple[str, ...], owned: bool) -> str:
    more = "".join(f', "{FIELDS[name].column}" = %s' for name in changed)
    condition = ' AND "user_id" = %s AND "last_message_at" < %s' if owned else ""
    return (
        f'UPDATE "{Conversation._meta.db_table}" SET "message_count" = "message_count" + 1, "last_message_at" = %s, '  # noqa: S608 - names of the model
        f'"updated_at" = CASE WHEN "updated_at" > %s THEN "updated_at" ELSE %s END{more}, '
        '"running_at" = CASE WHEN "running" = %s THEN NULL ELSE "running_at" END, '
        '"running" = CASE WHEN "running" = %s THEN NULL ELSE "running" END '
        f'WHERE "id" = %s{condition}'
    )
