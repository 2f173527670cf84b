"""The text index of migration 0003, as SQL: which rows it finds, and whether one row holds some words."""

import re
from functools import lru_cache
from typing import Any, ClassVar

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Func
from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLCompiler

from conversations.search.tokens import INDEXED, Words, aligned

_POSTGRESQL = """
(SELECT id FROM conversations_conversation WHERE search @@ %s::tsquery LIMIT %s) UNION ALL
(SELECT conversation_id FROM conversations_message WHERE search @@ %s::tsquery LIMIT %s) LIMIT %s"""
_SQLITE = """
SELECT entry.conversation_id FROM conversations_searchtext CROSS JOIN conversations_searchentry AS entry
ON entry.id = conversations_searchtext.rowid WHERE conversations_searchtext MATCH %s LIMIT %s"""

# Of everybody, for staff: the newest that SQLite knows, and any of PostgreSQL's.
_POSTGRESQL_MESSAGES = "SELECT id FROM conversations_message WHERE search @@ %s::tsquery LIMIT %s"
_SQLITE_MESSAGES = """
SELECT entry.message_id FROM conversations_searchtext CROSS JOIN conversations_searchentry AS entry
ON entry.id = conversations_searchtext.rowid WHERE conversations_searchtext MATCH %s AND entry.message_id IS NOT NULL
ORDER BY conversations_searchtext.rowid DESC LIMIT %s"""

_HOLDS = "conversations_hold"  # the name of a function that SQLite is taught


def lookup(user_id: int | None, words: Words, limit: int) -> tuple[str, list[Any]]:
    """Return SQL and parameters that find the conversations of up to `limit` titles and messages of a user.

    A conversation comes once for each of its texts that hold all words. None finds those of all users, for staff.
    """
    if connection.vendor == "postgresql":
        query = _tsquery(words, owner=user_id)
        return _POSTGRESQL, [query, limit, query, limit, limit]
    owner = "" if user_id is None else f'{{owner}}:"{user_id}" AND '
    return _SQLITE, [f"{owner}{_fts5(words)}", limit]


def message_lookup(words: Words, limit: int) -> tuple[str, list[Any]]:
    """Return SQL and parameters that find up to `limit` messages of all users that hold all words, for staff."""
    if connection.vendor == "postgresql":
        return _POSTGRESQL_MESSAGES, [_tsquery(words), limit]
    return _SQLITE_MESSAGES, [_fts5(words), limit]


class _Holds(Func):
    """Whether the text of the row whose primary key is given holds all words; probes one row, and no index."""

    output_field = BooleanField()
    column: ClassVar[str]

    def __init__(self, pk: str, *, words: Words) -> None:
        super().__init__(pk)
        self.words = words

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any) -> tuple[str, list[Any]]:  # noqa: ARG002
        """Call the function behind `@@`: the planner cannot turn that into a look-up in the whole text index."""
        (pk,) = self.get_source_expressions()
        assert isinstance(pk, Col)  # noqa: S101
        return f"ts_match_vq({compiler.quote_name_unless_alias(pk.alias)}.search, %s::tsquery)", [_tsquery(self.words)]

    def as_sqlite(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,  # noqa: ARG002
        **_: Any,
    ) -> tuple[str, tuple[Any, ...]]:
        """Read the text: asking FTS5 about one row takes it longer the commoner the word is."""
        (pk,) = self.get_source_expressions()
        assert isinstance(pk, Col)  # noqa: S101
        text = f"substr({compiler.quote_name_unless_alias(pk.alias)}.{self.column}, 1, {INDEXED})"
        return f"{_HOLDS}({text}, %s)", (_written(self.words),)


class TitleHolds(_Holds):
    """Whether a conversation's title holds all words."""

    column = "title"


class MessageHolds(_Holds):
    """Whether a message's indexed text holds all words."""

    column = "content"


def teach_sqlite(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Give a new connection to SQLite the function that probes a text; a receiver of `connection_created`."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(_HOLDS, 2, _holds, deterministic=True)


def _holds(text: str, words: str) -> bool:
    bare = aligned(text)
    plain = bare.isascii()
    return all((not plain or word in bare) and pattern.search(bare) for word, pattern in _read(words))


def _written(words: Words) -> str:
    return " ".join([*words.whole, f"{words.beginning}*" if words.beginning else ""])


@lru_cache(maxsize=64)
def _read(words: str) -> list[tuple[str, re.Pattern[str]]]:
    """Read what `_written` wrote, each word with its pattern."""
    return [
        (word.removesuffix("*"), (Words((), word[:-1]) if word.endswith("*") else Words((word,))).pattern())
        for word in words.split()
    ]


def _tsquery(words: Words, owner: int | None = None) -> str:
    parts = [f"'{word}'" for word in words.whole]
    if owner is not None:
        parts.insert(0, f"'@{owner}'")
    if words.beginning:
        parts.append(f"'{words.beginning}':*")
    return " & ".join(parts)


def _fts5(words: Words) -> str:
    parts = [f'{{body}}:"{word}"' for word in words.whole]
    if words.beginning:
        parts.append(f'{{body}}:"{words.beginning}"*')
    return " AND ".join(parts)
