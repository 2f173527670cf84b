"""Models in the admin: what the catalogue says of them is corrected here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from models_registry.catalogue.history import staff_edit
from models_registry.models import LLMModel
from models_registry.query_plans import NEWEST_CHANGE_FIRST
from perf.pages.formatting import NONE, per_million
from perf.pages.model_admin import TableAdmin, column

CHANGES_SHOWN = 50  # of a model's history on its page


@admin.register(LLMModel)
class LLMModelAdmin(TableAdmin):
    """Corrects what the catalogue says, and adds models it does not know; a sync leaves both alone from then on."""

    list_display = (
        "name",
        "provider",
        "state",
        column("context_window", lambda tokens: NONE if tokens is None else f"{tokens:,}", "context, tokens"),
        "prices",
        "from_whom",
    )
    list_filter = ("provider", "available", "deprecated", "source")
    ordering = ("provider__slug", "model_id")
    list_select_related = ("provider",)
    search_fields = ("model_id", "name")
    search_help_text = "Part of a model's name or id."
    readonly_fields = ("source", "checked_at", "price_tiers", "history")

    @admin.display
    def state(self, model: LLMModel) -> str:
        """Say whether it can be called."""
        if not model.available:
            return "withdrawn"
        return "deprecated" if model.deprecated else "available"

    @admin.display(description="price in / out, per million tokens")
    def prices(self, model: LLMModel) -> str:
        """Write both prices, dashes where they are unknown."""
        return f"{per_million(model.input_price)} / {per_million(model.output_price)}"

    @admin.display(description="source")
    def from_whom(self, model: LLMModel) -> str:
        """Say who told us of it."""
        return str(LLMModel.Source(model.source).label)

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
