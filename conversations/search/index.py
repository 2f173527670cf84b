"""SQL for the text index of migration 0003: finding rows in the index, and testing one row without it."""

import re
from functools import lru_cache
from typing import Any, ClassVar

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Func
from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLCompiler

from conversations.search.tokens import INDEXED, Tokens, fold_letters

_POSTGRESQL = """
(SELECT id FROM conversations_conversation WHERE search @@ %s::tsquery LIMIT %s) UNION ALL
(SELECT conversation_id FROM conversations_message WHERE search @@ %s::tsquery LIMIT %s) LIMIT %s"""
_SQLITE = """
SELECT entry.conversation_id FROM conversations_searchtext CROSS JOIN conversations_searchentry AS entry
ON entry.id = conversations_searchtext.rowid WHERE conversations_searchtext MATCH %s LIMIT %s"""

# Of all users, for staff: the newest that SQLite knows, and any of PostgreSQL's.
_POSTGRESQL_MESSAGES = "SELECT id FROM conversations_message WHERE search @@ %s::tsquery LIMIT %s"
_SQLITE_MESSAGES = """
SELECT entry.message_id FROM conversations_searchtext CROSS JOIN conversations_searchentry AS entry
ON entry.id = conversations_searchtext.rowid WHERE conversations_searchtext MATCH %s AND entry.message_id IS NOT NULL
ORDER BY conversations_searchtext.rowid DESC LIMIT %s"""

_CONTAINS = "conversations_hold"  # the name of the function on SQLite


def index_query(user_id: int | None, tokens: Tokens, limit: int) -> tuple[str, list[Any]]:
    """Return SQL and parameters that select the conversation ids of up to `limit` matching titles and messages.

    A text matches when it contains all tokens. The user's conversations come once for each of their matching texts.
    Without a user those of all users match, for staff.
    """
    if connection.vendor == "postgresql":
        query = _tsquery(tokens, owner=user_id)
        return _POSTGRESQL, [query, limit, query, limit, limit]
    owner = "" if user_id is None else f'{{owner}}:"{user_id}" AND '
    return _SQLITE, [f"{owner}{_fts5(tokens)}", limit]


def message_query(tokens: Tokens, limit: int) -> tuple[str, list[Any]]:
    """Return SQL and parameters that select the ids of up to `limit` messages of all users, for staff."""
    if connection.vendor == "postgresql":
        return _POSTGRESQL_MESSAGES, [_tsquery(tokens), limit]
    return _SQLITE_MESSAGES, [_fts5(tokens), limit]


class _Contains(Func):
    """Whether the text of the row with a primary key contains all tokens; tests the row without the index."""

    output_field = BooleanField()
    column: ClassVar[str]

    def __init__(self, pk: str, *, tokens: Tokens) -> None:
        super().__init__(pk)
        self.tokens = tokens

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, list[Any]]:  # noqa: ARG002
        """Call the function behind the operator `@@`, for which the planner would use the whole text index."""
        (pk,) = self.get_source_expressions()
        assert isinstance(pk, Col)  # noqa: S101
        return f"ts_match_vq({compiler.quote_name_unless_alias(pk.alias)}.search, %s::tsquery)", [_tsquery(self.tokens)]

    def as_sqlite(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,  # noqa: ARG002
        **_: Any,
    ) -> tuple[str, tuple[Any, ...]]:
        """Test the text itself: FTS5 takes the longer for one row the more common the token is."""
        (pk,) = self.get_source_expressions()
        assert isinstance(pk, Col)  # noqa: S101
        text = f"substr({compiler.quote_name_unless_alias(pk.alias)}.{self.column}, 1, {INDEXED})"
        return f"{_CONTAINS}({text}, %s)", (_serialized(self.tokens),)


class TitleContains(_Contains):
    """Whether a conversation's title contains all tokens."""

    column = "title"


class MessageContains(_Contains):
    """Whether a message's indexed text contains all tokens."""

    column = "content"


def create_sqlite_function(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Create the function that tests a text on a new SQLite connection; a receiver of `connection_created`."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(_CONTAINS, 2, _contains, deterministic=True)


def _contains(text: str, serialized: str) -> bool:
    folded = fold_letters(text)
    ascii_only = folded.isascii()
    patterns = _patterns(serialized)
    return all((not ascii_only or token in folded) and pattern.search(folded) for token, pattern in patterns)


def _serialized(tokens: Tokens) -> str:
    return " ".join([*tokens.whole, f"{tokens.prefix}*" if tokens.prefix else ""])


@lru_cache(maxsize=64)
def _patterns(serialized: str) -> list[tuple[str, re.Pattern[str]]]:
    """Return each token with its pattern."""
    return [
        (token.removesuffix("*"), (Tokens((), token[:-1]) if token.endswith("*") else Tokens((token,))).pattern())
        for token in serialized.split()
    ]


def _tsquery(tokens: Tokens, owner: int | None = None) -> str:
    parts = [] if owner is None else [f"'@{owner}'"]
    parts += [f"'{token}'" for token in tokens.whole]
    parts += [f"'{tokens.prefix}':*"] if tokens.prefix else []
    return " & ".join(parts)


def _fts5(tokens: Tokens) -> str:
    parts = [f'{{body}}:"{token}"' for token in tokens.whole]
    parts += [f'{{body}}:"{tokens.prefix}"*'] if tokens.prefix else []
    return " AND ".join(parts)
