"""What the admin's pages of large tables share: bounded counts, readable titles, columns written for people."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html

from perf.pages import deletion, formatting
from perf.pages.paginator import CappedPaginator, first_id

ROWS_A_PAGE = 50


class TableAdmin(admin.ModelAdmin[Any]):
    """A table of any size: nothing counts all of its rows, and `title_of` names a row where its text would be an id.

    The columns that matter come first: a narrow screen shows the first few only (`perf/admin.css`).
    """

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count every row
    list_per_page = ROWS_A_PAGE

    def title_of(self, row: Any) -> str:
        """Return what the page of a row is called."""
        return str(row)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        """Put the readable title where the template shows the row's own text."""
        if (row := options.get("obj")) is not None:
            context["subtitle"] = self.title_of(row)
        return super().render_change_form(request, context, *args, **options)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Name the rows, and count what goes with them."""
        rows = self.model._default_manager.filter(pk__in=[row.pk for row in objs])
        found = deletion.counts(rows)
        names = [self.title_of(row) for row in objs[: deletion.NAMED]]
        if len(objs) > deletion.NAMED:
            names.append(f"and {len(objs) - deletion.NAMED:,} more")
        by_name = {str(model._meta.verbose_name_plural): count for model, count in found.items()}
        return names, by_name, deletion.needed(found, request, self.admin_site), []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Name the row beside its id, and in the breadcrumbs."""
        context: dict[str, Any] = {}
        row = self.get_object(request, object_id)
        if row is not None and (title := self.title_of(row)) != str(row):
            named = f"{self.opts.verbose_name} \u201c{title}\u201d with the id"
            context = {"row_title": title, "object_name": named}
        return super().delete_view(request, object_id, {**context, **(extra_context or {})})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Name the row in the title and in the breadcrumbs."""
        row = self.get_object(request, object_id)
        title = None if row is None else self.title_of(row)
        context = {} if title is None else {"row_title": title, "title": f"Change history: {title}"}
        return super().history_view(request, object_id, {**context, **(extra_context or {})})


class MadeFilter(admin.SimpleListFilter):
    """Narrows a table whose ids are UUIDv7 to the rows of today or of the last days, by the index of the ids."""

    title = "time of creation"
    parameter_name = "made"
    DAYS: ClassVar = {"today": 0, "week": 7, "month": 30}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """Offer some spans."""
        return [("today", "Today"), ("week", "The last 7 days"), ("month", "The last 30 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Narrow to the chosen span; days begin at midnight UTC."""
        if (days := self.DAYS.get(self.value() or "")) is None:
            return queryset
        midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return queryset.filter(pk__gte=first_id(midnight - timedelta(days=days)))


class ReadOnlyAdmin(TableAdmin):
    """A table that staff look at: what others wrote is not edited, only deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Rows are not made by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Rows stay as they were written."""
        return False


Display = Any  # a function of a row; the stubs take it for a column of a list, but not for a field of a page


def column(attribute: str, write: Callable[[Any], str], description: str, *, sortable: bool = False) -> Display:
    """Return a column that writes an attribute of its row by `write`."""

    def cell(row: Model) -> str:
        return write(getattr(row, attribute))

    cell.__name__ = f"{attribute}_written"  # not the field's own name, whose help text would come with it
    # The admin finds out by attributes how to show a function as a column.
    return admin.display(description=description, ordering=attribute if sortable else None)(cell)


def when(attribute: str, description: str) -> Display:
    """Return a column that shows a time to the minute, which breaks between date and time only."""

    def write(at: datetime | None) -> str:
        if at is None:
            return formatting.NONE
        date, time = formatting.moment(at).split()
        return format_html('<span class="nowrap">{}</span> <span class="nowrap">{}</span>', date, time)

    return column(attribute, write, description)


def yes(attribute: str, description: str, *, otherwise: str = formatting.NONE) -> Display:
    """Return a column for a flag whose "no" is nothing to worry about: a dash, and no red cross."""
    return column(attribute, lambda value: "yes" if value else otherwise, description)


def on_off(attribute: str, description: str, on: str, off: str) -> Display:
    """Return a column that names both states of a flag."""
    return column(attribute, lambda value: on if value else off, description)
