"""Syncs the registry with the offline catalogue and with each provider's own list of models."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from models_registry.calls.completion import client_of
from models_registry.calls.figures import PROVIDER_TIME
from models_registry.catalogue.offline import can_chat
from models_registry.catalogue.reconcile import Changes, Listing, reconcile, vendor_of
from models_registry.errors import APIKeyUnreadable, ProviderError
from models_registry.keys.storage import has_system_key, system_key
from models_registry.models import Provider, ProviderKind
from models_registry.providers.base import ListedModel
from models_registry.providers.reading.text import clean
from perf.db.connections import release
from perf.timing.request_stats import spent

BUILT_IN = [
    ("openai", "OpenAI", ProviderKind.OPENAI),
    ("anthropic", "Anthropic", ProviderKind.ANTHROPIC),
    ("gemini", "Google Gemini", ProviderKind.GEMINI),
    ("mistral", "Mistral", ProviderKind.MISTRAL),
    ("echo", "Echo (development)", ProviderKind.ECHO),
]
MAX_TEXT = 200  # characters of a model's id and name
MAX_TOKENS = 2_147_483_647  # what PostgreSQL's integer holds
MAX_ERROR = 500  # characters of Provider.check_error


@dataclass(kw_only=True)
class ProviderReport(Changes):
    """The changes at one provider; `error` says why its own list could not be read, `skipped` why it was not."""

    slug: str
    checked: bool = False
    error: str | None = None
    skipped: str | None = None


@dataclass(kw_only=True)
class SyncReport:
    """A report for each provider; `unknown` are the requested slugs that no provider has."""

    results: list[ProviderReport]
    unknown: list[str]


def sync(*, providers: Sequence[str] | None = None, check: bool = True) -> SyncReport:
    """Sync these providers, all of them when None; with `check`, also with their own lists where there is a key.

    A provider that fails keeps its last good list and does not stop the others. Must not be called in a transaction,
    since a provider may take a minute to respond.
    """
    _ensure_built_in()
    rows = _choose(providers)
    found = {row.slug for row in rows}
    return SyncReport(
        results=[_sync(row, check=check) for row in rows],
        unknown=[slug for slug in dict.fromkeys(providers or ()) if slug not in found],
    )


def _ensure_built_in() -> None:
    """Insert the missing built-in providers; existing rows stay as they are."""
    existing = set(Provider.objects.values_list("slug", flat=True))
    missing = [
        Provider(slug=slug, name=name, kind=kind, requires_key=kind != ProviderKind.ECHO)
        for slug, name, kind in BUILT_IN
        if slug not in existing and (kind != ProviderKind.ECHO or settings.ECHO_PROVIDER)
    ]
    if missing:
        Provider.objects.bulk_create(missing, ignore_conflicts=True)  # another process may sync, too


def _choose(slugs: Sequence[str] | None) -> list[Provider]:
    """Load the providers to sync, with disabled ones, whose models are then right when they are enabled again."""
    rows = Provider.objects.order_by("slug")
    rows = rows if slugs is None else rows.filter(slug__in=slugs)
    return list(rows if settings.ECHO_PROVIDER else rows.exclude(kind=ProviderKind.ECHO))


def _sync(provider: Provider, *, check: bool) -> ProviderReport:
    report = ProviderReport(slug=provider.slug, skipped=_reason_to_skip(provider, check=check))
    listing = None
    if report.skipped is None:
        try:
            listing = _fetch_listing(provider)
        except (ProviderError, APIKeyUnreadable) as error:
            report.error = str(error)[:MAX_ERROR]
    _write(provider, listing, report)
    return report


def _reason_to_skip(provider: Provider, *, check: bool) -> str | None:
    if not provider.enabled:
        return "disabled"
    if provider.kind == ProviderKind.ECHO:
        return "built in"
    if not check:
        return "offline"
    return "no key" if provider.requires_key and not has_system_key(provider) else None


def _fetch_listing(provider: Provider) -> Listing:
    """Fetch the chat models of the provider's own list. Raises ProviderError."""
    client = client_of(provider, system_key(provider))
    release()
    with spent(PROVIDER_TIME):
        listed = client.list_models()
    models = [_storable(model) for model in listed if can_chat(vendor_of(provider), model.id)]
    listing = {model.id: model for model in models if model.id.isprintable() and 0 < len(model.id) <= MAX_TEXT}
    if not listing:
        raise ProviderError("The provider listed no model that can chat.")
    return listing


def _storable(model: ListedModel) -> ListedModel:
    """Cut texts to the columns' lengths, and drop numbers that do not fit."""
    return replace(
        model,
        name=clean(model.name)[0][:MAX_TEXT] if model.name else None,
        context_window=_tokens(model.context_window),
        max_output_tokens=_tokens(model.max_output_tokens),
    )


def _tokens(count: int | None) -> int | None:
    return count if count is not None and 0 < count <= MAX_TOKENS else None


def _write(provider: Provider, listing: Listing | None, report: ProviderReport) -> None:
    """Write the rows of a provider, one sync at a time."""
    now = timezone.now()
    with transaction.atomic():
        # PostgreSQL locks the row, to which keys and models can still refer; SQLite locks the database.
        row = Provider.objects.select_for_update(no_key=True).filter(pk=provider.pk).first()
        if row is None:
            report.error, report.skipped = None, "deleted meanwhile"
            return
        reconcile(row, listing, report, now=now)
        report.checked = listing is not None
        if report.skipped is None:
            row.check_error = report.error or ""
            row.checked_at = now if report.checked else row.checked_at
            row.save(update_fields=["check_error", "checked_at"])
