"""The admin site: pages about performance beside those of the models."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, path, reverse

from perf.pages import cache as admin_cache
from perf.pages import overview as admin_overview
from perf.pages import query as admin_query


class Site(AdminSite):
    """Django's admin site, with the pages of this app for all active staff."""

    site_header = site_title = "LLMSelect"
    site_url = "/api/docs"

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Put our pages before the site's own, whose last pattern matches everything."""
        pages = [
            path(route, self.admin_view(page), name=name, kwargs={"site": self})
            for route, page, name in (
                ("perf/", admin_overview.page, "perf-overview"),
                ("perf/queries/<slug:fingerprint>/", admin_query.page, "perf-query"),
                ("perf/cache/", admin_cache.page, "perf-cache"),
            )
        ]
        return [*pages, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """List our pages as if they were models, on the index and in the sidebar."""
        apps = super().get_app_list(request, app_label)
        if app_label in (None, "perf") and self.has_permission(request):
            apps.append(_performance())
        return apps


def _performance() -> dict[str, Any]:
    overview = reverse("admin:perf-overview")
    pages = [
        {"name": name, "object_name": name, "admin_url": url, "view_only": True, "perms": {}}
        for name, url in (("Requests and queries", overview), ("Cache", reverse("admin:perf-cache")))
    ]
    return {"name": "Performance", "app_label": "perf", "app_url": overview, "has_module_perms": True, "models": pages}
