"""Models in the admin: what the catalogue says of them is corrected here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from models_registry.models import LLMModel
from perf.pages.formatting import NONE, per_million
from perf.pages.model_admin import TableAdmin, column


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
    readonly_fields = ("source", "checked_at")

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
        obj.source = LLMModel.Source.STAFF
        super().save_model(request, obj, form, change)
