"""The admin site: Django's, with pages about performance."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse

from perf.pages import cache, dashboard
from perf.pages.performance import overview, query, route


class Site(AdminSite):
    """Django's admin site, with the pages of this app for all active staff."""

    site_header = site_title = "LLMSelect"
    site_url = "/"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show today's figures above the list of tables."""
        context = {**dashboard.context(), "title": "Today", **(extra_context or {})}
        return super().index(request, context)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Add the pages before Django's own, whose last pattern matches everything."""
        pages = [
            path(pattern, self.admin_view(page), name=name, kwargs={"site": self})
            for pattern, page, name in (
                ("perf/", overview.page, "perf-overview"),
                ("perf/queries/<slug:fingerprint>/", query.page, "perf-query"),
                ("perf/route/", route.page, "perf-route"),
                ("perf/request/", route.request_page, "perf-request"),
                ("perf/cache/", cache.page, "perf-cache"),
            )
        ]
        return [*pages, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """List the pages as if they were models, on the index and in the sidebar."""
        apps = super().get_app_list(request, app_label)
        if app_label in (None, "perf") and self.has_permission(request):
            url = reverse("admin:perf-overview")
            pages = [
                {"name": name, "object_name": name, "admin_url": page_url, "view_only": True, "perms": {}}
                for name, page_url in (("Requests and queries", url), ("Cache", reverse("admin:perf-cache")))
            ]
            performance = {"name": "Performance", "app_label": "perf", "app_url": url}
            apps.append({**performance, "has_module_perms": True, "models": pages})
        _mark_current([entry for app in apps for entry in app["models"]], request.path)
        return apps


def _mark_current(entries: list[dict[str, Any]], path: str) -> None:
    """Mark the one entry that a page belongs to: of all whose address the path begins with, the longest."""
    above = [entry for entry in entries if path.startswith(entry.get("admin_url") or "\0")]
    for entry in sorted(above, key=lambda entry: len(entry["admin_url"]))[-1:]:
        entry["current"] = True
