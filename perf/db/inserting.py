"""Inserts of a few rows by a statement that is written once: Django writes one anew each time, which takes longer."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connections, router
from django.db.models import Field, Model

STATEMENTS = 256  # kept, by table, columns and number of rows


def insert(rows: Sequence[Model], using: str | None = None) -> None:
    """Insert rows of one model that have their keys, without signals; columns that none of them fills become NULL.

    Raises what the database raises.
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
    with connection.cursor() as cursor:
        cursor.execute(sql, [values[number] for number in range(len(rows)) for _, values in filled])
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


@lru_cache(maxsize=STATEMENTS)
def _statement(vendor: str, table: str, columns: tuple[str, ...], rows: int) -> str:  # noqa: ARG001 - part of the key
    names = ", ".join(f'"{name}"' for name in columns)
    places = f"({', '.join(['%s'] * len(columns))})"
    return f'INSERT INTO "{table}" ({names}) VALUES {", ".join([places] * rows)}'  # noqa: S608 - names of the model
