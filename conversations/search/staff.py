"""What staff find in the admin: rows of all users by words, by parts of a user's name, or by their own id.

Every query is bounded: a look-up yields the ids of at most some thousand rows, and the admin narrows its list to them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Left

from conversations.models import Comparison, Conversation, Message
from conversations.search.index import MessageContains, index_query, message_query
from conversations.search.queries import CANDIDATES, scan
from conversations.search.tokens import Tokens, tokenize

USERS = 20  # whose name holds what was typed
NEWEST_CONVERSATIONS, NEWEST_MESSAGES = 200, 1000  # looked into one by one for words that are common
NEWEST_COMPARISONS, BEGINNING = 2000, 2000  # whose prompts are looked into, and how many characters of each

_NAMED = re.compile(r"\s*user:(?P<user>\S+)(?P<words>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Matches:
    """The ids of what was found; `capped` says that there is more than was looked for."""

    ids: frozenset[UUID]
    capped: bool


def find_conversations(typed: str) -> Matches:
    """Find conversations by words of their titles and messages, by their user's name, or by both: `user:ann whales`."""
    if (named := _NAMED.fullmatch(typed)) is not None:
        return _together(typed, [_of_users(named["user"], named["words"])])
    tokens, found = tokenize(typed), [_by_user(Conversation, typed)]
    if tokens:
        indexed = _looked_up(*index_query(None, tokens, CANDIDATES + 1))
        found.append(indexed)
        if indexed.capped:
            found.append(_all(newest_conversations(tokens)))
    return _together(typed, found)


def find_messages(typed: str) -> Matches:
    """Find messages by their words, or by their user's name, of whose newest conversations they are, or by both."""
    if (named := _NAMED.fullmatch(typed)) is not None:
        rows, tokens = _of_users(named["user"], named["words"]), tokenize(named["words"])
        these = Message.objects.filter(conversation_id__in=list(rows.ids)[:NEWEST_CONVERSATIONS])
        said = these.filter(MessageContains("pk", tokens=tokens)) if tokens else these
        found = _first(lambda limit: said[:limit])
        return _together(typed, [Matches(found.ids, found.capped or rows.capped)])
    tokens = tokenize(typed)
    own = _by_user(Conversation, typed, limit=NEWEST_CONVERSATIONS)
    several = [Matches(frozenset(), own.capped)]
    if own.ids:
        several.append(_first(lambda limit: Message.objects.filter(conversation_id__in=own.ids)[:limit]))
    if tokens:
        indexed = _looked_up(*message_query(tokens, CANDIDATES + 1))
        several.append(indexed)
        if indexed.capped:
            several.append(_all(newest_messages(tokens)))
    return _together(typed, several)


def find_comparisons(typed: str) -> Matches:
    """Find comparisons by their user's name, or a part of their prompt among the newest, since no index has prompts."""
    return _together(typed, [_by_user(Comparison, typed), _all(newest_comparisons(typed), capped=False)])


def newest_comparisons(typed: str) -> QuerySet[Any]:
    """Give those of the newest comparisons whose prompt holds what was typed."""
    newest = list(Comparison.objects.order_by("-pk").values_list("pk", flat=True)[:NEWEST_COMPARISONS])
    beginning = Comparison.objects.filter(pk__in=newest).alias(beginning=Left("prompt", BEGINNING))
    return beginning.filter(beginning__icontains=typed.replace("\0", ""))


def users_named(typed: str) -> QuerySet[User, int]:
    """Give the ids of users whose name holds what was typed."""
    return User.objects.filter(username__icontains=typed).order_by().values_list("pk", flat=True)[:USERS]


def newest_conversations(tokens: Tokens) -> QuerySet[Any]:
    """Give those of the newest conversations that hold the words."""
    newest = list(Conversation.objects.order_by("-pk").values_list("pk", flat=True)[:NEWEST_CONVERSATIONS])
    return scan(Conversation.objects.filter(pk__in=newest), tokens)


def newest_messages(tokens: Tokens) -> QuerySet[Any]:
    """Give those of the newest messages that hold the words."""
    newest = list(Message.objects.order_by("-pk").values_list("pk", flat=True)[:NEWEST_MESSAGES])
    return Message.objects.filter(MessageContains("pk", tokens=tokens), pk__in=newest)


def newest_of(model: type[Conversation | Comparison], user_ids: Iterable[int], limit: int) -> tuple[str, list[Any]]:
    """Return SQL and parameters that find the ids of each user's newest rows, by an index of the user's."""
    one = (
        f'SELECT id FROM (SELECT id FROM "{model._meta.db_table}" WHERE user_id = %s '  # noqa: S608  # our own name
        "ORDER BY created_at DESC, id DESC LIMIT %s) AS newest"
    )
    parameters = [[user_id, limit] for user_id in user_ids]
    return " UNION ALL ".join(one for _ in parameters), [value for pair in parameters for value in pair]


def _by_user(model: type[Conversation | Comparison], typed: str, limit: int | None = None) -> Matches:
    users = list(users_named(typed))
    if not users:
        return Matches(frozenset(), capped=False)
    share = (limit or CANDIDATES) // len(users)
    found = list(_ids(*newest_of(model, users, share)))
    return Matches(frozenset(found), capped=len(users) == USERS or len(found) >= share)


def _of_users(name: str, words: str) -> Matches:
    """Find the conversations of users with this part of a name that hold the words, all of theirs without words."""
    tokens = tokenize(words)
    if not tokens:
        return _by_user(Conversation, name)
    users = list(users_named(name))
    found = [_looked_up(*index_query(user, tokens, CANDIDATES + 1)) for user in users]
    ids = frozenset[UUID]().union(*(each.ids for each in found))
    return Matches(ids, len(users) == USERS or any(each.capped for each in found))


def _looked_up(sql: str, parameters: list[Any]) -> Matches:
    found = list(_ids(sql, parameters))
    return Matches(frozenset(found[:CANDIDATES]), capped=len(found) > CANDIDATES)


def _first(rows: Callable[[int], QuerySet[Any]]) -> Matches:
    found = list(rows(CANDIDATES + 1).values_list("pk", flat=True))
    return Matches(frozenset(found[:CANDIDATES]), capped=len(found) > CANDIDATES)


def _all(rows: QuerySet[Any], *, capped: bool = True) -> Matches:
    return Matches(frozenset(rows.values_list("pk", flat=True)), capped)


def _ids(sql: str, parameters: list[Any]) -> Iterator[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        for (value,) in cursor.fetchall():
            yield value if isinstance(value, UUID) else UUID(value)


def _together(typed: str, found: list[Matches]) -> Matches:
    """Put all together, and the row itself where an id was typed."""
    ids = frozenset[UUID]().union(*(each.ids for each in found))
    with suppress(ValueError):
        ids |= {UUID(typed.strip())}
    return Matches(ids, any(each.capped for each in found))
