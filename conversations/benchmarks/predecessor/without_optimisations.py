"""The reads of the predecessor's table without their optimisations, for the benchmark only.

They return the same as the real ones, from a copy of the database without indexes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.migrations import RemoveConstraint, RemoveIndex
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model

from conversations.benchmarks.filled_database import FilledDatabase, vacuumed
from conversations.history.queries import conversation_list, conversation_rows
from conversations.history.serializers import conversation_row
from conversations.models import PREVIEW_LENGTH, Conversation, Message
from conversations.query_plans import PAGE
from models_registry.models import APIKey
from perf.db.scratch import copied_database

NEWEST = ("-last_message_at", "-id")
MESSAGE_FACTS = ("id", "message_count", "preview", "last_message_at")  # of a list, about messages


def offset_page(user_id: int, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read the first page by limit and offset, which counts the rows for the number of pages."""
    found = conversation_rows(conversation_list(user_id, filters)).order_by(*NEWEST)
    return [conversation_row(row) for row in found[: min(PAGE, found.count())]]


def lazy_page(user_id: int) -> list[dict[str, Any]]:
    """Compute the facts about messages from the messages of each conversation (N+1)."""
    rows = []
    for conversation in Conversation.objects.for_user(user_id).order_by(*NEWEST)[:PAGE]:
        messages = list(conversation.messages.order_by("created_at", "id"))
        asked = [message.content for message in messages if message.role == Message.Role.USER]
        preview = asked[-1][:PREVIEW_LENGTH] if asked else ""
        last = messages[-1].created_at if messages else conversation.created_at
        rows.append(dict(zip(MESSAGE_FACTS, (conversation.id, len(messages), preview, last), strict=True)))
    return rows


@contextmanager
def copy_without_indexes() -> Iterator[FilledDatabase]:
    """Copy the current database, and drop the indexes of the copy.

    Primary keys stay, and Django's index on the foreign key from keys to providers.
    """
    with copied_database("before"):
        _drop(Conversation, [RemoveIndex("conversation", index.name) for index in Conversation._meta.indexes])
        _drop(Message, [RemoveIndex("message", index.name) for index in Message._meta.indexes])
        _drop(APIKey, [RemoveConstraint("apikey", each.name) for each in APIKey._meta.constraints])
        yield vacuumed()


def _drop(model: type[Model], operations: Sequence[RemoveIndex | RemoveConstraint]) -> None:
    app = model._meta.app_label
    state = MigrationLoader(connection).project_state()
    for operation in operations:
        left = state.clone()
        operation.state_forwards(app, left)
        with connection.schema_editor() as editor:
            operation.database_forwards(app, editor, state, left)
        state = left
