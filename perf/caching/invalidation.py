"""The registry of invalidation rules: which change of which model invalidates which namespaces.

Signals apply the rules to `save()` and `delete()`. `perf.caching.querysets.InvalidatingQuerySet` applies them to
`update()`, `bulk_create()`, `bulk_update()`, related managers and deletions without signals; the default and the base
manager of a model with a rule must use it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.signals import post_delete, post_save, pre_save

from perf.caching.namespace import SHARED_OWNER, WILDCARD, Namespace, erase

RULES: dict[str, "Rule"] = {}  # by the label of a model
EXEMPT: dict[str, str] = {}  # the reasons by label of models without a rule

_OWNERS_BEFORE = "_owners_before"  # an attribute of a row while it is saved


@dataclass(frozen=True, slots=True)
class Rule:
    """A change of a row invalidates its owner's values in `namespaces`.

    `path` leads from a row to its owner, as in a query; None means that all rows belong to `SHARED_OWNER`.
    """

    namespaces: tuple[Namespace, ...]
    path: str | None

    @property
    def through_parent(self) -> bool:
        """Whether the path leads through a parent row, with which the rows are deleted."""
        return self.path is not None and "__" in self.path

    @property
    def field(self) -> str | None:
        """The row's own field that determines the owner; None if the owner of a row cannot change."""
        if self.path is None or self.path == "pk":
            return None
        return self.path.partition("__")[0].removesuffix("_id")

    def owners(self, rows: QuerySet[Any]) -> set[Any]:
        """Query the owners of rows."""
        if self.path is None:
            return {SHARED_OWNER}
        return set(rows.order_by().values_list(self.path, flat=True).distinct())

    def owner(self, row: Model) -> Any:
        """Return the owner of a row; queries the parent row if it is not loaded."""
        if self.path is None:
            return SHARED_OWNER
        value: Any = row
        for name in self.path.split("__"):
            value = getattr(value, name)
        return value

    def invalidate(self, owners: Iterable[Any]) -> None:
        """Invalidate the values of these owners when the current transaction commits; outside one, now."""
        for namespace in self.namespaces:
            namespace.invalidate(*owners)


def invalidates(model: str, *namespaces: Namespace, owner: str | None) -> None:
    """Register the rule that every change of a model's rows invalidates their owners' values in `namespaces`.

    `model` is a label. `owner` is the path from a row to its owner ("user_id", "folder__user_id", "pk"), or None for
    shared rows. Rows with a path through a parent are deleted with it, so the parent's rule must name the same
    namespaces: with a signal receiver here, Django would load every row of a cascade.
    """
    rule = RULES[model] = Rule(namespaces, owner)
    pre_save.connect(_before_save, sender=model, dispatch_uid=f"invalidation {model}")
    post_save.connect(_saved, sender=model, dispatch_uid=f"invalidation {model}")
    if not rule.through_parent:
        post_delete.connect(_deleted, sender=model, dispatch_uid=f"invalidation {model}")


def exempt(model: str, reason: str) -> None:
    """Register the reason why changes of a model invalidate nothing."""
    EXEMPT[model] = reason


def register_owner(model: str) -> None:
    """Have the deletion of a row of this model erase all cached values that the row owns."""
    post_delete.connect(_owner_deleted, sender=model, dispatch_uid=f"owner {model}")


def _before_save(
    sender: type[Model], instance: Model, raw: bool, update_fields: Iterable[str] | None, **_: Any
) -> None:
    """Note the owner before the change, if the change may give the row to another.

    This takes a query, since another process may have changed the owner. A save with `update_fields` spares it.
    """
    rule = RULES[sender._meta.label]
    if raw or rule.field is None or (update_fields and {rule.field, f"{rule.field}_id"}.isdisjoint(update_fields)):
        return
    # A row that was not loaded is nearly always new. If it overwrites a row, that may be of any owner.
    before = {WILDCARD} if instance._state.adding else rule.owners(sender._base_manager.filter(pk=instance.pk))
    instance.__dict__[_OWNERS_BEFORE] = before


def _saved(sender: type[Model], instance: Model, created: bool, raw: bool, **_: Any) -> None:
    rule = RULES[sender._meta.label]
    if raw:  # of a fixture, where a row may come before the parent that knows its owner
        rule.invalidate({WILDCARD})
        return
    before = instance.__dict__.pop(_OWNERS_BEFORE, set())
    rule.invalidate({rule.owner(instance)} if created else {rule.owner(instance), *before})


def _deleted(sender: type[Model], instance: Model, **_: Any) -> None:
    rule = RULES[sender._meta.label]
    rule.invalidate({rule.owner(instance)})


def _owner_deleted(instance: Model, **_: Any) -> None:
    erase(instance.pk)
