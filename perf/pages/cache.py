"""The cache page of the admin: the statistics of each namespace, and buttons that clear it."""

from datetime import UTC, datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from perf.caching.namespace import NAMESPACES, clear_caches
from perf.caching.stats import NamespaceStats, all_stats, backend


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the statistics. A POST clears `namespace`, or all namespaces if it is empty, and redirects back."""
    if request.method == "POST":
        _clear(request, request.POST.get("namespace", ""))
        return redirect("admin:perf-cache")
    rows, failure = [], None
    try:
        rows = [_row(stats) for stats in all_stats()]
    except Exception as error:  # whatever the cache backend raises
        failure = str(error)
    context = {**site.each_context(request), "title": "Cache", "backend": backend(), "rows": rows, "failure": failure}
    return TemplateResponse(request, "perf/cache.html", context, status=200 if failure is None else 503)


def _clear(request: HttpRequest, name: str) -> None:
    if name and name not in NAMESPACES:
        messages.error(request, "There is no such namespace; nothing was cleared.")
        return
    try:
        cleared = ", ".join(clear_caches(name or None))
    except Exception as error:
        messages.error(request, f"The cache does not answer: {error}")
        return
    LogEntry.objects.create(
        user=cast(User, request.user),
        action_flag=CHANGE,
        object_repr="Cache",
        change_message=f"Cleared {cleared}.",
    )
    messages.success(request, f"Cleared {cleared}.")


def _span(seconds: int) -> str:
    """Write a lifetime in the largest unit that it is a multiple of."""
    for length, unit in ((3600, "h"), (60, "min")):
        if seconds and seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _row(stats: NamespaceStats) -> dict[str, Any]:
    counts = stats.counts
    looked_up = counts.hits + counts.misses
    last = counts.last_invalidation
    return {
        "stats": stats,
        "hit_rate": f"{counts.hit_rate:.1%}" if looked_up else None,
        "ttl": _span(stats.ttl),
        "about": NAMESPACES[stats.name].about,
        "last_invalidation": None if last is None else datetime.fromtimestamp(last, UTC),
    }
