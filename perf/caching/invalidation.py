"""Which change makes which cached values wrong: one table, filled by each app, that every way to change a row obeys.

`save()` and `delete()` obey it by signals; `update()`, `bulk_create()`, `bulk_update()`, related managers and deletions
that send no signals by `perf.caching.querysets.InvalidatingQuerySet`, which a model's default and base manager must be
made of.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.signals import post_delete, post_save, pre_save

from perf.caching.namespace import EVERYBODY, EVERYTHING, Namespace, erase

RULES: dict[str, "Rule"] = {}  # by the label of a model
EXEMPT: dict[str, str] = {}  # labels of models that no cached value shows, each with the reason

_BEFORE = "_owners_before"  # an attribute of a row while it is saved


@dataclass(frozen=True, slots=True)
class Rule:
    """A change of a row makes what its owner has in `namespaces` wrong.

    `path` leads from a row to its owner, as in a query; None means that rows concern everybody.
    """

    namespaces: tuple[Namespace, ...]
    path: str | None

    @property
    def through_parent(self) -> bool:
        """Whether rows get their owner from another row, with which they are deleted."""
        return self.path is not None and "__" in self.path

    @property
    def field(self) -> str | None:
        """The field of the row itself that decides whose it is; None where no change can give it to another."""
        if self.path in (None, "pk"):
            return None
        assert self.path is not None  # noqa: S101 - it is in the pair above
        return self.path.partition("__")[0].removesuffix("_id")

    def owners(self, rows: QuerySet[Any]) -> set[Any]:
        """Ask the database for the owners of rows."""
        if self.path is None:
            return {EVERYBODY}
        return set(rows.order_by().values_list(self.path, flat=True).distinct())

    def owner(self, row: Model) -> Any:
        """Return the owner of a row, which asks the database where the row it belongs to is not loaded."""
        if self.path is None:
            return EVERYBODY
        value: Any = row
        for name in self.path.split("__"):
            value = getattr(value, name)
        return value

    def forget(self, owners: Iterable[Any]) -> None:
        """Forget these owners once the current transaction commits; outside one, now."""
        for namespace in self.namespaces:
            namespace.invalidate_all(owners)


def invalidates(model: str, *namespaces: Namespace, owner: str | None) -> None:
    """Have every change of a model's rows forget what their owners have in `namespaces`.

    `model` is a label, `owner` the path from a row to its owner ("user_id", "folder__user_id", "pk") or None for
    rows that concern everybody. Rows whose path leads through another row are deleted with it, and its own rule must
    name the same namespaces: a receiver of their deletion would make Django load every row of a cascade.
    """
    rule = RULES[model] = Rule(namespaces, owner)
    pre_save.connect(_about_to_save, sender=model, dispatch_uid=f"invalidation {model}")
    post_save.connect(_saved, sender=model, dispatch_uid=f"invalidation {model}")
    if not rule.through_parent:
        post_delete.connect(_deleted, sender=model, dispatch_uid=f"invalidation {model}")


def exempt(model: str, reason: str) -> None:
    """Say why changes of a model make no cached value wrong."""
    EXEMPT[model] = reason


def owns(model: str) -> None:
    """Have the deletion of a row of this model erase every cached byte that is kept for it as an owner."""
    post_delete.connect(_owner_deleted, sender=model, dispatch_uid=f"owner {model}")


def _about_to_save(sender: type[Model], instance: Model, update_fields: Iterable[str] | None, **_: Any) -> None:
    """Note whose the row was, where it may be given to another.

    The database is asked, since the row in memory may have been given away by others. Whoever saves often says which
    fields, and saves the question.
    """
    rule = RULES[sender._meta.label]
    if rule.field is None or (update_fields and {rule.field, f"{rule.field}_id"}.isdisjoint(update_fields)):
        return
    # A row that was never loaded is mostly a new one. Should it overwrite another, that may have been anybody's.
    before = {EVERYTHING} if instance._state.adding else rule.owners(sender._base_manager.filter(pk=instance.pk))
    instance.__dict__[_BEFORE] = before


def _saved(sender: type[Model], instance: Model, created: bool, **_: Any) -> None:
    rule = RULES[sender._meta.label]
    before = instance.__dict__.pop(_BEFORE, set())
    rule.forget({rule.owner(instance)} if created else {rule.owner(instance), *before})


def _deleted(sender: type[Model], instance: Model, **_: Any) -> None:
    rule = RULES[sender._meta.label]
    rule.forget({rule.owner(instance)})


def _owner_deleted(instance: Model, **_: Any) -> None:
    erase(instance.pk)
