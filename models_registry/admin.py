"""The registry in the admin: providers, models, and keys nobody can read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from models_registry.catalogue.history import staff_edit
from models_registry.models import APIKey, LLMModel, Provider
from models_registry.query_plans import NEWEST_CHANGE_FIRST
from perf.pages.paginator import CappedPaginator

CHANGES_SHOWN = 50  # of a model's history on its page


@admin.register(Provider)
class ProviderAdmin(admin.ModelAdmin[Provider]):
    """Adds any OpenAI-compatible endpoint, and switches providers off."""

    list_display = ("slug", "name", "kind", "base_url", "enabled", "requires_key", "checked_at", "check_error")
    list_filter = ("enabled", "kind")
    ordering = ("slug",)
    search_fields = ("slug", "name")
    readonly_fields = ("checked_at", "check_started_at", "check_error")


@admin.register(LLMModel)
class LLMModelAdmin(admin.ModelAdmin[LLMModel]):
    """Corrects what the catalogue says, and adds models it does not know; a sync leaves both alone from then on."""

    list_display = (
        "model_id",
        "name",
        "provider",
        "context_window",
        "input_price",
        "output_price",
        "available",
        "deprecated",
        "source",
        "checked_at",
    )
    list_filter = ("provider", "available", "deprecated", "source")
    ordering = ("provider__slug", "model_id")
    list_select_related = ("provider",)
    search_fields = ("model_id", "name")
    readonly_fields = ("source", "checked_at", "price_tiers", "history")
    paginator = CappedPaginator
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: LLMModel, form: Any, change: bool) -> None:
        """Make the row staff's own, or the next sync would undo the change."""
        obj.source, obj.price_tiers = LLMModel.Source.STAFF, None  # the prices of the row count from now on
        with staff_edit(obj):
            super().save_model(request, obj, form, change)

    @admin.display(description="newest changes")
    def history(self, obj: LLMModel) -> SafeString:
        """Show the newest changes of prices, limits and availability; the API pages through all of them."""
        changes = obj.changes.order_by(NEWEST_CHANGE_FIRST, "-id")[:CHANGES_SHOWN]
        rows = (
            (localize(localtime(change.changed_at)), change.field, change.old, change.new, change.source)
            for change in changes
        )
        cells = [tuple("\u2013" if cell is None else cell for cell in row) for row in rows]
        if not cells:
            return format_html("{}", "None so far.")
        head = format_html_join("", "<th>{}</th>", (("when",), ("what",), ("before",), ("after",), ("by",)))
        body = format_html_join("", f"<tr>{'<td>{}</td>' * 5}</tr>", cells)
        return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)


@admin.register(APIKey)
class APIKeyAdmin(admin.ModelAdmin[APIKey]):
    """Shows who has a key for what, and deletes one; the key itself appears nowhere."""

    list_display = ("id", "user", "provider", "masked", "override_system_key", "updated_at")
    list_select_related = ("user", "provider")
    list_filter = ("provider",)
    search_fields = ("=user__username",)
    ordering = ("-id",)
    fields = readonly_fields = ("id", "user", "provider", "masked", "override_system_key", "created_at", "updated_at")
    paginator = CappedPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Users store their own."""
        return False
