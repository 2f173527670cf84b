"""What goes with rows that staff delete: counted for each table, since a list of all rows has no end."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import CASCADE, Model, QuerySet
from django.http import HttpRequest

from perf.pages.paginator import COUNT_LIMIT, CappedCount

NAMED = 20  # rows, where several are deleted at once


def counts(rows: QuerySet[Any]) -> dict[type[Model], int]:
    """Count the rows and all that is deleted with them, by model, each up to a limit; empty tables are left out."""
    found: dict[type[Model], int] = {}
    waiting: list[QuerySet[Any]] = [rows.order_by()]
    while waiting:
        these = waiting.pop(0)
        if these.model in found:
            continue
        if count := CappedCount(these.values("pk")[:COUNT_LIMIT].count()):
            found[these.model] = count
            waiting += _with(these)
    return found


def needed(models: dict[type[Model], int], request: HttpRequest, site: AdminSite) -> set[str]:
    """Name the models whose rows the user may not delete."""
    return {
        str(model._meta.verbose_name)
        for model in models
        if site.is_registered(model) and not site.get_model_admin(model).has_delete_permission(request)
    }


def _with(rows: QuerySet[Any]) -> Iterator[QuerySet[Any]]:
    """Find the rows of other tables that refer to these, and go with them."""
    for relation in rows.model._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and not relation.concrete and (relation.one_to_one or relation.one_to_many)):
            continue
        related = relation.related_model
        if relation.on_delete is CASCADE and not related._meta.auto_created:
            yield related._base_manager.filter(**{f"{relation.field.name}__in": rows.values("pk")}).order_by()
