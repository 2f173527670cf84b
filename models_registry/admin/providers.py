"""Providers in the admin: any compatible endpoint is added here, tried, and asked for its models."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator

from models_registry.catalogue.sync import sync
from models_registry.catalogue.trial import Trial, try_providers
from models_registry.keys.storage import environment_key
from models_registry.models import Provider, ProviderKind
from perf.pages.formatting import duration, moment, quantity
from perf.pages.model_admin import TableAdmin, on_off, when

CHECKED = when("checked_at", "last check, UTC")
TRIED_AT_ONCE = 10  # providers


@admin.register(Provider)
class ProviderAdmin(TableAdmin):
    """Adds any OpenAI-compatible endpoint, switches providers off, and finds out whether they answer."""

    list_display = (
        "name",
        on_off("enabled", "state", "enabled", "disabled"),
        "last_check",
        "key",
        "protocol",
        "address",
    )
    list_filter = ("enabled", "kind")
    list_select_related = ("shared_key",)
    ordering = ("slug",)
    search_fields = ("slug", "name")
    search_help_text = "Part of a provider's name."
    fields = ("slug", "name", "kind", "base_url", "requires_key", "enabled", CHECKED, "check_error")
    readonly_fields = (CHECKED, "check_error")
    actions = ("try_out", "refresh_models")

    @admin.display(description="last check, UTC")
    def last_check(self, provider: Provider) -> str:
        """Say how the provider answered when it was last asked for its models."""
        if provider.check_error:
            return f"failed: {Truncator(provider.check_error).chars(80)}"
        return moment(provider.checked_at) if provider.checked_at else "never"

    @admin.display(description="key for everybody")
    def key(self, provider: Provider) -> str:
        """Say where the key comes from that everybody's calls are made with."""
        shared = getattr(provider, "shared_key", None)  # raises a subclass of AttributeError when there is none
        if shared is not None:
            return f"shared, {shared.masked}"
        if environment_key(provider):
            return "environment"
        return "none" if provider.requires_key else "not needed"

    @admin.display(description="kind")
    def protocol(self, provider: Provider) -> str:
        """Name the wire format, without the examples that the form gives."""
        return str(ProviderKind(provider.kind).label).partition(" (")[0]

    @admin.display
    def address(self, provider: Provider) -> str:
        """Show the host that is called."""
        return provider.endpoint or ("built in" if provider.kind == ProviderKind.ECHO else "the vendor's own")

    @admin.action(description="Test: ask for the list of models", permissions=["change"])
    def try_out(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        """Ask each with the key that everybody's calls are made with, and say what its host answered."""
        if queryset.count() > TRIED_AT_ONCE:
            messages.error(request, f"At most {TRIED_AT_ONCE} providers are tested at once; nothing was asked.")
            return
        for trial in try_providers(list(queryset.order_by("slug"))):
            level = messages.SUCCESS if trial.error is None else messages.ERROR
            messages.add_message(request, level, _sentence(trial))

    @admin.action(description="Refresh the models from catalogue and provider", permissions=["change"])
    def refresh_models(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        """Do what `manage.py sync_models` does for these providers."""
        names = dict(queryset.order_by("slug").values_list("slug", "name"))
        for result in sync(providers=list(names)).results:
            name = names[result.slug]
            counts = f"{quantity(result.total, 'model')}, {len(result.added)} added, {len(result.changed)} changed"
            if result.withdrawn:
                counts += f", {len(result.withdrawn)} withdrawn"
            if result.error is not None:
                messages.error(request, f"{name}: {result.error} ({counts})")
            else:
                how = "as the provider lists them" if result.checked else f"provider not asked: {result.skipped}"
                messages.success(request, f"{name}: {counts}; {how}.")
        for provider in queryset:
            self.log_change(request, provider, "Refreshed the models.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out the bytes of the shared keys: nothing here decrypts one."""
        return super().get_queryset(request).defer("shared_key__key_encrypted")


def _sentence(trial: Trial) -> str:
    status = "" if trial.status is None else f" with {trial.status}"
    where = f"{trial.provider}: {trial.host}"
    if not trial.asked:
        return f"{trial.provider} was not tested: it needs a key, and there is no shared one."
    if trial.error is None:
        return f"{where} answered{status} in {duration(trial.seconds)}: {quantity(trial.models, 'model')}."
    return f"{where} failed{status} after {duration(trial.seconds)}: {trial.error}"
