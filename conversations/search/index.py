"""SQL for the text index of migration 0011: finding rows in the index, and testing one row without it.

The words of a run overlap: of 東京都 the index holds 東, 東京, 京都 and 都. FTS5 knows the order of what it holds. A
`tsvector` does not: PostgreSQL tests the text itself for phrases and for runs of three letters and more.
"""

from typing import Any, ClassVar

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Func
from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLCompiler

from conversations.search.matching import contains, fts5, orders, serialized, tsquery
from conversations.search.tokens import INDEXED, Tokens

_POSTGRESQL = """
(SELECT id FROM conversations_conversation WHERE search @@ %s::tsquery{titles} LIMIT %s) UNION ALL
(SELECT conversation_id FROM conversations_message WHERE search @@ %s::tsquery{messages} LIMIT %s) LIMIT %s"""
_SQLITE = """
SELECT entry.conversation_id FROM conversations_searchtext CROSS JOIN conversations_searchentry AS entry
ON entry.id = conversations_searchtext.rowid WHERE conversations_searchtext MATCH %s LIMIT %s"""

# Of all users, for staff: the newest that SQLite knows, and any of PostgreSQL's.
_POSTGRESQL_MESSAGES = "SELECT id FROM conversations_message WHERE search @@ %s::tsquery{messages} LIMIT %s"
_SQLITE_MESSAGES = """
SELECT entry.message_id FROM conversations_searchtext CROSS JOIN conversations_searchentry AS entry
ON entry.id = conversations_searchtext.rowid WHERE conversations_searchtext MATCH %s AND entry.message_id IS NOT NULL
ORDER BY conversations_searchtext.rowid DESC LIMIT %s"""

_CONTAINS = "conversations_hold"  # the name of the function on SQLite


def index_query(user_id: int | None, tokens: Tokens, limit: int) -> tuple[str, list[Any]]:
    """Return SQL and parameters that select the conversation ids of up to `limit` matching titles and messages.

    A text matches when it contains all terms. The user's conversations come once for each of their matching texts.
    Without a user those of all users match, for staff.
    """
    if connection.vendor == "postgresql":
        query, patterns = tsquery(tokens, owner=user_id), orders(tokens)
        sql = _POSTGRESQL.format(titles=_in_order("title", patterns), messages=_in_order("content", patterns))
        return sql, [query, *patterns, limit, query, *patterns, limit, limit]
    owner = "" if user_id is None else f'{{owner}}:"{user_id}" AND '
    return _SQLITE, [f"{owner}{fts5(tokens)}", limit]


def message_query(tokens: Tokens, limit: int) -> tuple[str, list[Any]]:
    """Return SQL and parameters that select the ids of up to `limit` messages of all users, for staff."""
    if connection.vendor == "postgresql":
        patterns = orders(tokens)
        sql = _POSTGRESQL_MESSAGES.format(messages=_in_order("content", patterns))
        return sql, [tsquery(tokens), *patterns, limit]
    return _SQLITE_MESSAGES, [fts5(tokens), limit]


def _in_order(column: str, patterns: list[str]) -> str:
    # `left` counts the characters of each text, which took a third of the time, where its bytes tell that it is short.
    indexed = f"CASE WHEN octet_length({column}) <= {INDEXED} THEN {column} ELSE left({column}, {INDEXED}) END"
    return f" AND ({indexed}) ~ %s" * len(patterns)


class _Contains(Func):
    """Whether the text of the row with a primary key contains all terms; tests the row without the index."""

    output_field = BooleanField()
    column: ClassVar[str]

    def __init__(self, pk: str, *, tokens: Tokens) -> None:
        super().__init__(pk)
        self.tokens = tokens

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, list[Any]]:  # noqa: ARG002
        """Call the function behind the operator `@@`, for which the planner would use the whole text index."""
        (pk,) = self.get_source_expressions()
        assert isinstance(pk, Col)  # noqa: S101
        row, patterns = compiler.quote_name_unless_alias(pk.alias), orders(self.tokens)
        order = _in_order(f"{row}.{self.column}", patterns)
        return f"(ts_match_vq({row}.search, %s::tsquery){order})", [tsquery(self.tokens), *patterns]

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
        return f"{_CONTAINS}({text}, %s)", (serialized(self.tokens),)


class TitleContains(_Contains):
    """Whether a conversation's title contains all terms."""

    column = "title"


class MessageContains(_Contains):
    """Whether a message's indexed text contains all terms."""

    column = "content"


def create_sqlite_function(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Create the function that tests a text on a new SQLite connection; a receiver of `connection_created`."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(_CONTAINS, 2, contains, deterministic=True)
