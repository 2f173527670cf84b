"""Querysets that apply invalidation rules in the methods for which Django sends no signals."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from perf.caching.invalidation import RULES, Rule
from perf.db.inserting import insert

Row = TypeVar("Row", bound=Model)

CONFLICT_BATCH = 100  # rows looked up by one query
PARENT_BATCH = 500  # rows locked by one query


class InvalidatingQuerySet(QuerySet[Row]):
    """Applies the model's rule of `perf.caching.invalidation` in `update`, `bulk_create` and `delete`.

    `bulk_update` and related managers call `update`. Related managers use the model's base manager, so it must be of
    this class too (`Meta.base_manager_name`).
    """

    @property
    def rule(self) -> Rule:
        """The model's rule; raises KeyError for a model without one."""
        return RULES[self.model._meta.label]

    def update(self, **values: Any) -> int:
        """Update, and invalidate for the owners before and after the change."""
        rule, owners = self.rule, self.rule.owners(self)
        if rule.field is None or not {rule.field, f"{rule.field}_id"} & values.keys():
            updated = super().update(**values)
        else:
            # With another owner, the rows may no longer match this queryset.
            rows = self.model._base_manager.using(self.db).filter(pk__in=list(self.values_list("pk", flat=True)))
            updated = super().update(**values)
            owners |= rule.owners(rows)
        rule.invalidate(owners)
        return updated

    update.alters_data = True  # type: ignore[attr-defined]  # templates must not call it

    def update_quietly(self, **values: Any) -> int:
        """Update without invalidation: for values that are not cached, or that another change invalidates."""
        return super().update(**values)

    update_quietly.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Row], *args: Any, **options: Any) -> list[Row]:
        """Create, and invalidate for the owners of the new rows and of the rows that they overwrite."""
        rows, owners = list(objs), set[Any]()
        if options.get("update_conflicts"):
            owners = self._owners_of_conflicts(rows, options["unique_fields"])
        created = super().bulk_create(rows, *args, **options)
        self.rule.invalidate(owners | {self.rule.owner(row) for row in rows})
        return created

    def insert(self, rows: Sequence[Row]) -> None:
        """Insert a few new rows that have their keys, and invalidate for their owners: what requests wait for."""
        insert(rows, self.db)
        self.rule.invalidate({self.rule.owner(row) for row in rows})

    insert.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete, and invalidate if no signal does."""
        owners = self.rule.owners(self) if self.rule.through_parent else set()
        deleted = super().delete()
        self.rule.invalidate(owners)
        return deleted

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]  # a manager must not offer it

    def delete_by_parent(
        self, field: str, parents: QuerySet[Any], update_parents: Callable[[Any], object]
    ) -> tuple[int, dict[str, int]]:
        """Delete rows and call `update_parents` with the parents they had, in one transaction.

        `field` leads from a row to its parent. Parents are locked in the order of their keys before rows are deleted,
        and only rows of locked parents are: a row that is added to another parent meanwhile stays, even if it matches.
        """
        total, by_model = 0, Counter[str]()
        with transaction.atomic(using=self.db):
            keys = sorted(self.order_by().values_list(f"{field}_id", flat=True).distinct())
            for start in range(0, len(keys), PARENT_BATCH):
                batch = keys[start : start + PARENT_BATCH]
                list(parents.select_for_update().filter(pk__in=batch).order_by("pk").values_list("pk"))
                deleted, counted = InvalidatingQuerySet.delete(self.filter(**{f"{field}__in": batch}))
                update_parents(parents.filter(pk__in=batch))
                total += deleted
                by_model.update(counted)
        return total, dict(by_model)

    def _owners_of_conflicts(self, rows: list[Row], unique: Iterable[str]) -> set[Any]:
        owners: set[Any] = set()
        for start in range(0, len(rows), CONFLICT_BATCH):
            same = [Q(**{name: getattr(row, name) for name in unique}) for row in rows[start : start + CONFLICT_BATCH]]
            owners |= self.rule.owners(self.model._base_manager.using(self.db).filter(reduce(or_, same)))
        return owners


class LeafModel(Model):
    """A model whose rows nothing refers to, so that Django deletes them without a signal."""

    class Meta:
        abstract = True

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:  # noqa: ARG002
        """Delete as the queryset does. Raises ValueError if the row was never stored."""
        if self.pk is None:
            raise ValueError("A row that was never stored cannot be deleted.")
        deleted = type(self)._default_manager.using(using).filter(pk=self.pk).delete()
        self.pk = None
        return deleted
