"""The queries of the admin's pages, declared for `check_query_plans`: each is bounded, however large the tables are."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model, QuerySet

from conversations.admin.conversations import before, said
from conversations.models import Comparison, Conversation, Message
from conversations.search import staff
from conversations.search.index import index_query, message_query
from conversations.search.queries import CANDIDATES
from conversations.search.tokens import tokenize
from perf.pages.dashboard import counted_up_to_a_limit, declared_counts
from perf.pages.model_admin import ROWS_A_PAGE
from perf.pages.paginator import COUNT_LIMIT
from perf.plans.declared_queries import DeclaredQuery

TABLES: tuple[type[Model], ...] = (Conversation, Message, Comparison)
FOUND = "the rows of a search, of which there are at most some thousand"
SUBQUERY = {"newest": "a hundred rows each, found by an index"}  # as SQLite names it
NAMES = {User._meta.db_table: "parts of names are in no index; users are some thousand, and twenty are enough"}


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the queries of the admin's pages as they run for the longest conversation."""
    for model in TABLES:
        rows, name = model._default_manager.all(), model._meta.verbose_name_plural
        yield DeclaredQuery(f"admin, {name}, newest first", partial(_page, rows.order_by("-id")), _walks(model))
        stops = counted_up_to_a_limit(model)
        yield DeclaredQuery(f"admin, {name}, counted up to a limit", partial(_count, rows), stops)
        yield declared_counts(model)
        some = list(rows.order_by("-pk").values_list("pk", flat=True)[:CANDIDATES]) or [UUID(int=0)]
        found = rows.filter(pk__in=some).order_by("-id")
        yield DeclaredQuery(f"admin, {name}, found", partial(_page, found), may_sort=FOUND)
    yield from _of_one()
    yield from _search()


def _of_one() -> Iterator[DeclaredQuery]:
    """Declare the pages of one conversation, and the conversations of one user."""
    longest = Conversation.objects.order_by("-message_count").first() or Conversation(user_id=0)
    own = Conversation.objects.filter(user_id=longest.user_id).order_by("-created_at", "-id")
    yield DeclaredQuery("admin, conversations of a user", partial(_page, own))
    yield DeclaredQuery("admin, messages of a conversation", lambda: said(longest.pk, 0))
    newest = Message.objects.filter(conversation=longest).order_by("-created_at").first()
    if newest is not None:
        yield DeclaredQuery("admin, the page of a message", before(newest).count)


def _search() -> Iterator[DeclaredQuery]:
    tokens, users = tokenize("the sea"), list(User.objects.values_list("pk", flat=True)[: staff.USERS])
    yield DeclaredQuery("admin, search, users by part of a name", lambda: staff.users_named("emo"), NAMES)
    for model in (Conversation, Comparison):
        newest = partial(_run, *staff.newest_of(model, users or [0], 100))
        yield DeclaredQuery(f"admin, search, newest {model._meta.verbose_name_plural}", newest, SUBQUERY)
    yield DeclaredQuery("admin, search, the text index", partial(_run, *index_query(None, tokens, CANDIDATES)))
    yield DeclaredQuery("admin, search, messages", partial(_run, *message_query(tokens, CANDIDATES)))
    phrases = message_query(tokenize('"the sea" 数据库 🚀'), CANDIDATES)
    yield DeclaredQuery("admin, search, messages with a phrase and a run", partial(_run, *phrases))
    newest_conversations = partial(staff.newest_conversations, tokens)
    newest_messages = partial(staff.newest_messages, tokens)
    yield DeclaredQuery("admin, search, among the newest conversations", newest_conversations, _walks(Conversation))
    yield DeclaredQuery("admin, search, among the newest messages", newest_messages, _walks(Message))
    newest_comparisons = partial(staff.newest_comparisons, "sea")
    few = "all comparisons, where there are fewer than are searched"
    yield DeclaredQuery("admin, search, among the newest comparisons", newest_comparisons, _walks(Comparison), few)


def _walks(model: type[Model]) -> dict[str, str]:
    """Say why the primary key may be walked: the page is soon full, and no plan with a sort passes the check."""
    return {model._meta.db_table: "the primary key is walked from its end, a page long"}


def _page(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows[: ROWS_A_PAGE + 1]


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:COUNT_LIMIT].count()


def _run(sql: str, parameters: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        cursor.fetchall()
