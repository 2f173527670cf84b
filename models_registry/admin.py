"""The registry in the admin: providers, models, and keys nobody can read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from models_registry.models import APIKey, LLMModel, Provider
from perf.pages.paginator import CappedPaginator


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
    readonly_fields = ("source", "checked_at")
    paginator = CappedPaginator
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: LLMModel, form: Any, change: bool) -> None:
        """Make the row staff's own, or the next sync would undo the change."""
        obj.source = LLMModel.Source.STAFF
        super().save_model(request, obj, form, change)


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
