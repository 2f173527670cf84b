"""Writing very many rows: COPY on PostgreSQL, an INSERT of many rows elsewhere; no signals, no caches."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, Model

PARAMETERS = 900  # of a statement, fewer than the 999 that every SQLite takes


def write(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Add rows whose values stand in the order of `columns` (attribute names of the model)."""
    if not rows:
        return
    table, quoted = _names(model, columns)
    names = ", ".join(quoted)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        # Many rows a statement: FTS5, SQLite's index of words, adds a segment of its own for each statement.
        places = f"({', '.join(['%s'] * len(quoted))})"
        prepared, at_once = _prepared(model, columns, rows), max(1, PARAMETERS // len(quoted))
        for start in range(0, len(prepared), at_once):
            some = prepared[start : start + at_once]
            sql = f"INSERT INTO {table} ({names}) VALUES {', '.join([places] * len(some))}"  # noqa: S608  # names are ours
            cursor.execute(sql, [value for row in some for value in row])


def update(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Change rows, found by the last of `columns`, to the values of the others."""
    if not rows:
        return
    table, (*changed, key) = _names(model, columns)
    assignments = ", ".join(f"{name} = %s" for name in changed)
    statement = f"UPDATE {table} SET {assignments} WHERE {key} = %s"  # noqa: S608  # the names are our own
    with connection.cursor() as cursor:
        cursor.executemany(statement, _prepared(model, columns, rows))


def _names(model: type[Model], columns: Sequence[str]) -> tuple[str, list[str]]:
    quote = connection.ops.quote_name
    return quote(model._meta.db_table), [quote(str(_field(model, name).column)) for name in columns]


def _prepared(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    prepare = [_field(model, name).get_db_prep_save for name in columns]
    return [[each(value, connection) for each, value in zip(prepare, row, strict=True)] for row in rows]


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    field = model._meta.get_field(name)
    assert isinstance(field, Field)  # noqa: S101  # columns are never reverse relations
    return field
