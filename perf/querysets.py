"""Querysets whose bulk methods, which send no signals, make cached rows forgotten all the same."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from perf.cache import EVERYBODY, Namespace

Row = TypeVar("Row", bound=Model)


class InvalidatingQuerySet(QuerySet[Row]):
    """Invalidates `namespaces` for the owners of all rows that `update` and `bulk_create` touch.

    `bulk_update` is made of `update`; deleting sends signals. `owner_path` leads from a row to its owner; None means
    that rows belong to everybody.
    """

    namespaces: Sequence[Namespace] = ()
    owner_path: str | None = "user_id"

    def update(self, **values: Any) -> int:
        """Update, and forget what was cached of the rows' owners, and of whom they are given to."""
        owners = self._owners()
        if (path := self.owner_path) is not None:
            owners |= {
                getattr(values[name], "pk", values[name]) for name in (path, path.removesuffix("_id")) if name in values
            }
        updated = super().update(**values)
        self._invalidate(owners)
        return updated

    update.alters_data = True  # type: ignore[attr-defined]  # templates must not call it

    def bulk_create(self, objs: Iterable[Row], *args: Any, **options: Any) -> list[Row]:
        """Create, and forget what was cached of the rows' owners."""
        rows = list(objs)
        created = super().bulk_create(rows, *args, **options)
        self._invalidate({_owner(row, self.owner_path) for row in rows})
        return created

    def _owners(self) -> set[Any]:
        if self.owner_path is None:
            return {_owner(None, None)}
        return set(self.order_by().values_list(self.owner_path, flat=True).distinct())

    def _invalidate(self, owners: set[Any]) -> None:
        for namespace in self.namespaces:
            namespace.invalidate_all(owners)


def _owner(row: Model | None, path: str | None) -> Any:
    if path is None:
        return EVERYBODY
    value: Any = row
    for name in path.split("__"):
        value = getattr(value, name)
    return value
