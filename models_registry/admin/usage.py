"""Usage in the admin: a page with charts and tables in place of a list of rows."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from models_registry.models import UsageDay
from models_registry.spending.usage.reports import Group, report
from perf.pages import charts
from perf.pages.charts import Chart, ChartSeries
from perf.pages.formatting import number, usd
from perf.pages.model_admin import ReadOnlyAdmin

RANGES = {"7d": 7, "30d": 30, "90d": 90, "1y": 365}  # days
DEFAULT = "30d"
ROWS = 20  # of a table
TABLES: tuple[tuple[str, Group], ...] = (("Models", "model"), ("Users", "user"), ("Endpoints", "endpoint"))
NOTHING = {"requests": 0, "errors": 0, "cost": 0, "prompt_tokens": 0, "completion_tokens": 0}


@admin.register(UsageDay)
class UsageAdmin(ReadOnlyAdmin):
    """Shows who used what and what it cost; `GET /api/v1/usage` has the figures."""

    change_list_template = "admin/models_registry/usageday/change_list.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Usage stays."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Draw the page for a range of days, of all users or of one. Raises PermissionDenied."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        chosen = request.GET.get("range", "")
        name = chosen if chosen in RANGES else DEFAULT
        username = request.GET.get("user", "")[:150]
        user_id = User.objects.filter(username=username).values_list("pk", flat=True).first() if username else None
        context = {
            **self.admin_site.each_context(request),
            "title": f"Usage of {username}" if user_id else "Usage",
            "opts": self.opts,
            "range": name,
            "ranges": list(RANGES),
            "user": username if user_id else "",
            "unknown": username if username and not user_id else "",
            **_figures(RANGES[name], user_id),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.change_list_template, context)


def _figures(days: int, user_id: int | None) -> dict[str, Any]:
    last = timezone.now().date()
    first = last - timedelta(days=days - 1)
    by_day = report(first=first, last=last, group_by="day", user_id=user_id)
    tables = []
    for title, group in TABLES:
        if group == "user" and user_id is not None:
            continue
        groups = report(first=first, last=last, group_by=group, user_id=user_id).groups
        rows = [(_name(names), sums) for names, sums in groups[:ROWS]]
        tables.append({"title": title, "group": group, "rows": rows, "more": len(groups) - ROWS})
    found = {names["day"]: sums for names, sums in by_day.groups}
    every = [first + timedelta(days=number) for number in range(days)]
    return {"total": by_day.total, "charts": _charts(every, found), "tables": tables}


def _charts(days: Sequence[date], found: Mapping[date, Mapping[str, Any]]) -> list[Chart]:
    sums = [found.get(day, NOTHING) for day in days]

    def drawn(title: str, names: Mapping[str, tuple[str, str]], write: Callable[[float], str]) -> Chart:
        """Draw columns of the sums, each by its label and its class."""
        series = [
            ChartSeries(label, kind, [float(each[name]) for each in sums]) for name, (label, kind) in names.items()
        ]
        tooltips = [
            f"{day}: " + ", ".join(f"{label} {write(float(each[name]))}" for name, (label, _) in names.items())
            for day, each in zip(days, sums, strict=True)
        ]
        return charts.bars(title, series, tooltips, write)

    return [
        drawn("Cost a day", {"cost": ("cost", "blue")}, usd),
        drawn("Calls a day", {"requests": ("calls", "blue"), "errors": ("failed", "red")}, number),
        drawn(
            "Tokens a day",
            {"prompt_tokens": ("prompt", "blue"), "completion_tokens": ("completion", "red")},
            number,
        ),
    ]


def _name(names: Mapping[str, Any]) -> str:
    """Name a group as people would."""
    if "model" in names:
        return f"{names['provider']} / {names['model']}"
    return next(iter(names.values())) or "deleted accounts"
