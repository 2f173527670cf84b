"""Inserts of a few rows by a statement that is written once: Django writes one anew each time, which takes longer."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db import connections, router
from django.db.models import Field, Model

STATEMENTS = 256  # kept, by table, columns and number of rows


class _Gathered(threading.local):
    """The statements that this thread has gathered for each connection, and their values; None outside `together`."""

    statements: dict[str, list[tuple[str, list[Any]]]] | None = None


_gathered = _Gathered()


@contextmanager
def together() -> Iterator[None]:
    """Send the inserts of a block as one statement at its end, to a database that can: each is a round trip.

    They may refer to each other's rows; other statements of the block do not see the rows yet. A block within another
    one belongs to that one. Raises at its end what the database raises.
    """
    if _gathered.statements is not None:
        yield
        return
    _gathered.statements = {}
    try:
        yield
        gathered = _gathered.statements
    finally:
        _gathered.statements = None
    for alias, statements in gathered.items():
        sql = _joined(tuple(sql for sql, _ in statements))
        with connections[alias].cursor() as cursor:
            cursor.execute(sql, [value for _, values in statements for value in values])


def insert(rows: Sequence[Model], using: str | None = None) -> None:
    """Insert rows of one model that have their keys, without signals; columns that none of them fills become NULL.

    Within `together` they may be sent later. Raises what the database raises.
    """
    if not rows:
        return
    model = type(rows[0])
    connection = connections[using or router.db_for_write(model)]
    filled: list[tuple[Field[Any, Any], list[Any]]] = []
    for field in model._meta.concrete_fields:
        values = [field.pre_save(row, True) for row in rows]
        if any(value is not None for value in values):
            filled.append((field, [field.get_db_prep_save(value, connection) for value in values]))
    columns = tuple(field.column for field, _ in filled)
    sql = _statement(connection.vendor, model._meta.db_table, columns, len(rows))
    values = [column[number] for number in range(len(rows)) for _, column in filled]
    if _gathered.statements is not None and connection.vendor == "postgresql":
        _gathered.statements.setdefault(connection.alias, []).append((sql, values))
    else:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


@lru_cache(maxsize=STATEMENTS)
def _statement(vendor: str, table: str, columns: tuple[str, ...], rows: int) -> str:  # noqa: ARG001 - part of the key
    names = ", ".join(f'"{name}"' for name in columns)
    places = f"({', '.join(['%s'] * len(columns))})"
    return f'INSERT INTO "{table}" ({names}) VALUES {", ".join([places] * rows)}'  # noqa: S608 - names of the model


@lru_cache(maxsize=STATEMENTS)
def _joined(statements: tuple[str, ...]) -> str:
    """Write inserts as one statement (https://www.postgresql.org/docs/current/queries-with.html)."""
    *first, last = statements
    parts = ", ".join(f'"insert_{number}" AS ({each})' for number, each in enumerate(first))
    return f"WITH {parts} {last}" if first else last
