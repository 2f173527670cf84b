"""`llm`: the SQLite database of the command line tool (`llm logs path`), its `conversations` and `responses`.

https://llm.datasette.io/en/stable/logging.html
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from conversations.history.importing.reading.formats.turns import named
from conversations.history.importing.reading.parsed import ParsedConversation, ParsedMessage
from conversations.history.importing.reading.values import (
    UNKNOWN_MODEL,
    identifier,
    mapping,
    moment,
    one_line,
    provider_of,
    sequence,
    text,
)

NAME = "llm"
LOOKS_LIKE = "llm (SQLite, `responses`)"
MAGIC = b"SQLite format 3\0"
NEEDED = {"id", "model", "prompt", "response", "conversation_id", "datetime_utc"}
OPTIONAL = ("system", "input_tokens", "output_tokens", "duration_ms")
STEPS = 50_000_000  # of SQLite's machine for one conversation, after which a hostile file is given up


class NoLogs(Exception):
    """The database is damaged, or another program's."""


def recognise(value: Mapping[str, Any]) -> bool:
    """Tell whether an object is a conversation that `conversations` yields."""
    return "responses" in value


def read(value: Mapping[str, Any]) -> ParsedConversation:
    """Read a conversation of the rows of its responses. Raises Broken."""
    rows = [mapping(each) for each in sequence(value.get("responses"))]
    model = one_line(rows[-1].get("model") if rows else value.get("model")) or UNKNOWN_MODEL
    title = one_line(value.get("name"))
    found = ParsedConversation(identifier(value.get("id"), "id"), title, provider_of(model, NAME), model)
    for row in rows:
        own, at, name = str(row["id"]), moment(row.get("datetime_utc")), one_line(row.get("model")) or model
        found.system = found.system or text(row.get("system"))
        files = [named("file", name=one_line(each)) for each in sequence(row.get("attachments"))]
        if (question := text(row.get("prompt"))) or files:
            parts = [{"type": "text", "text": question}, *files] if files else None
            found.messages.append(ParsedMessage(f"{own} prompt", "user", question, at, model=name, parts=parts))
        if answer := text(row.get("response")):
            counts = {"prompt_tokens": row.get("input_tokens"), "completion_tokens": row.get("output_tokens")}
            figures = {key: count for key, count in counts.items() if isinstance(count, int) and 0 <= count < 2**31}
            found.messages.append(ParsedMessage(own, "assistant", answer, at, model=name, figures=figures))
    return found


def conversations(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the conversations of a database, in the order in which they were begun. Raises NoLogs.

    The file is opened for reading only, its views and triggers are not trusted, and no query may take long.
    """
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
            database.row_factory = sqlite3.Row
            database.execute("PRAGMA trusted_schema = OFF")
            columns = _columns(database)
            names = {row["id"]: row["name"] for row in database.execute("SELECT id, name FROM conversations")}
            starts = database.execute(
                "SELECT coalesce(conversation_id, 'response ' || id) AS own, conversation_id, min(rowid) AS first "
                "FROM responses GROUP BY 1 ORDER BY first"
            )
            for own, conversation, first in starts:
                database.set_progress_handler(lambda: 1, STEPS)
                where = "conversation_id = ?" if conversation is not None else "rowid = ?"
                rows = database.execute(
                    f"SELECT {', '.join(columns)} FROM responses WHERE {where} ORDER BY rowid",  # noqa: S608 - our own names
                    [conversation if conversation is not None else first],
                )
                yield {"id": own, "name": names.get(conversation), "responses": [dict(row) for row in rows]}
    except sqlite3.Error as error:
        raise NoLogs(str(error)) from error


def _columns(database: sqlite3.Connection) -> list[str]:
    """Return the columns to read. Raises NoLogs."""
    tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    present = {row["name"] for row in database.execute("PRAGMA table_info(responses)")}
    if not {"conversations", "responses"} <= tables or not present >= NEEDED:
        raise NoLogs(f"It lacks {' and '.join(sorted({'conversations', 'responses'} - tables)) or 'columns'}.")
    return [*sorted(NEEDED), *(name for name in OPTIONAL if name in present)]
