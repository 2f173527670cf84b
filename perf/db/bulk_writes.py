"""Fast writing of many rows: COPY on PostgreSQL, multi-row INSERTs elsewhere. Sends no signals, clears no caches."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, Model

MAX_PARAMETERS = 900  # of a statement; every SQLite accepts 999


def bulk_insert(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows whose values are in the order of `columns`, which are attribute names of the model."""
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
        # SQLite's text index, FTS5, adds a segment for each statement, so that few long statements are better.
        placeholders = f"({', '.join(['%s'] * len(quoted))})"
        prepared, size = _prepared(model, columns, rows), max(1, MAX_PARAMETERS // len(quoted))
        for start in range(0, len(prepared), size):
            batch = prepared[start : start + size]
            sql = f"INSERT INTO {table} ({names}) VALUES {', '.join([placeholders] * len(batch))}"  # noqa: S608  # the names are our own
            cursor.execute(sql, [value for row in batch for value in row])


def bulk_update(model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Update the rows that have the value of the last of `columns` with the values of the others."""
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
