"""Querysets whose methods that send no signals make cached rows forgotten all the same."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from perf.caching.invalidation import RULES, Rule

Row = TypeVar("Row", bound=Model)

CONFLICTS_AT_ONCE = 100  # rows looked for by one query
PARENTS_AT_ONCE = 500  # rows locked by one query


class InvalidatingQuerySet(QuerySet[Row]):
    """Obeys the model's rule of `perf.caching.invalidation` in `update`, `bulk_create` and `delete`.

    `bulk_update` and the related managers are made of `update`. The model's base manager must be of this class, too
    (`Meta.base_manager_name`), for related managers use that.
    """

    @property
    def rule(self) -> Rule:
        """What a change of these rows makes wrong; raises KeyError for a model that nobody registered."""
        return RULES[self.model._meta.label]

    def update(self, **values: Any) -> int:
        """Update, and forget what was cached of the rows' owners, and of whom they are given to."""
        rule, owners = self.rule, self.rule.owners(self)
        if rule.field is None or not {rule.field, f"{rule.field}_id"} & values.keys():
            updated = super().update(**values)
        else:
            # The rows may not be among these any more, once they are another's.
            rows = self.model._base_manager.using(self.db).filter(pk__in=list(self.values_list("pk", flat=True)))
            updated = super().update(**values)
            owners |= rule.owners(rows)
        rule.forget(owners)
        return updated

    update.alters_data = True  # type: ignore[attr-defined]  # templates must not call it

    def update_quietly(self, **values: Any) -> int:
        """Update, and forget nothing: for values that nothing cached shows, or that another change makes forgotten."""
        return super().update(**values)

    update_quietly.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Row], *args: Any, **options: Any) -> list[Row]:
        """Create, and forget what was cached of the rows' owners, and of whose rows were there and are overwritten."""
        rows, owners = list(objs), set[Any]()
        if options.get("update_conflicts"):
            owners = self._owners_of_conflicts(rows, options["unique_fields"])
        created = super().bulk_create(rows, *args, **options)
        self.rule.forget(owners | {self.rule.owner(row) for row in rows})
        return created

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete, and forget what was cached of the rows' owners where no signal does."""
        owners = self.rule.owners(self) if self.rule.through_parent else set()
        deleted = super().delete()
        self.rule.forget(owners)
        return deleted

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]  # a manager must not offer it

    def delete_by_parent(
        self, field: str, parents: QuerySet[Any], mend: Callable[[Any], object]
    ) -> tuple[int, dict[str, int]]:
        """Delete, and `mend` what their parents say of the rows, in one transaction.

        `field` leads from a row to its parent. Parents are locked in the order of their keys before any row goes, and
        only rows of locked parents go: what is added to another one meanwhile stays, though it fits the query.
        """
        total, by_model = 0, Counter[str]()
        with transaction.atomic(using=self.db):
            keys = sorted(self.order_by().values_list(f"{field}_id", flat=True).distinct())
            for start in range(0, len(keys), PARENTS_AT_ONCE):
                some = keys[start : start + PARENTS_AT_ONCE]
                list(parents.select_for_update().filter(pk__in=some).order_by("pk").values_list("pk"))
                deleted, counted = InvalidatingQuerySet.delete(self.filter(**{f"{field}__in": some}))
                mend(parents.filter(pk__in=some))
                total += deleted
                by_model.update(counted)
        return total, dict(by_model)

    def _owners_of_conflicts(self, rows: list[Row], unique: Iterable[str]) -> set[Any]:
        owners: set[Any] = set()
        for start in range(0, len(rows), CONFLICTS_AT_ONCE):
            some = rows[start : start + CONFLICTS_AT_ONCE]
            same = [Q(**{name: getattr(row, name) for name in unique}) for row in some]
            owners |= self.rule.owners(self.model._base_manager.using(self.db).filter(reduce(or_, same)))
        return owners


class LeafModel(Model):
    """A model whose rows nothing refers to, so that Django deletes them without a signal."""

    class Meta:
        abstract = True

    def delete(self, using: Any = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:  # noqa: ARG002
        """Delete as the queryset does; raises ValueError for a row that was never stored."""
        if self.pk is None:
            raise ValueError("A row that was never stored cannot be deleted.")
        deleted = type(self)._default_manager.using(using).filter(pk=self.pk).delete()
        self.pk = None
        return deleted
