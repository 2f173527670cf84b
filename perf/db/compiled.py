"""Queries that Django compiles once, and that then run with other values.

Django takes 0.3 ms to build and compile the query of a list; SQLite runs it in 0.05 ms.
"""

from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, QuerySet
from django.db.models.expressions import BaseExpression


class Parameter(Expression):
    """Stands in a query for the value `name`, which each run gives; it is written as a value of `field` is."""

    def __init__(self, name: str, field: "Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002
        """Leave the place to `CompiledQuery`."""
        return "%s", (self,)


class _Statement(NamedTuple):
    sql: str
    parameters: tuple[Any, ...]
    columns: list[BaseExpression | None]


class CompiledQuery:
    """A queryset of `values()` of columns, with a `Parameter` in place of each value that changes."""

    def __init__(self, queryset: QuerySet[Any, Any]) -> None:
        self._query = queryset.query
        self._statements: dict[str, _Statement] = {}  # by kind of database, of which tests and benchmarks use several

    def rows(self, **values: Any) -> list[dict[str, Any]]:
        """Run it, with a value for each parameter, and return the rows. Raises KeyError if a value lacks."""
        connection = connections[DEFAULT_DB_ALIAS]  # `django.db.connection` would look it up for each value
        sql, parameters, columns = self._statements.get(connection.vendor) or self._compile(connection)
        with connection.cursor() as cursor:
            cursor.execute(sql, [self._written(each, values, connection) for each in parameters])
            found = cursor.fetchall()
        compiler = self._query.get_compiler(connection=connection)
        names, converters = self._query.values_select, compiler.get_converters(columns)
        return [dict(zip(names, row, strict=True)) for row in compiler.apply_converters(found, converters)]

    def _compile(self, connection: BaseDatabaseWrapper) -> _Statement:
        compiler = self._query.clone().get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        statement = _Statement(sql, tuple(parameters), [column for column, _, _ in compiler.select])
        self._statements[connection.vendor] = statement
        return statement

    def _written(self, parameter: Any, values: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
        if not isinstance(parameter, Parameter):
            return parameter
        return parameter.output_field.get_db_prep_value(values[parameter.name], connection)
