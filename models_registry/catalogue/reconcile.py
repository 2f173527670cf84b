"""Compares a provider's rows with the catalogue and the provider's own list, and writes the difference."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from models_registry.catalogue import history, rules
from models_registry.catalogue import offline as catalogue
from models_registry.models import LLMModel, ModelChange, Provider, ProviderKind
from models_registry.providers.base import ListedModel
from models_registry.providers.echo import PAUSES

Listing = Mapping[str, ListedModel]

LIMITS = ("context_window", "max_output_tokens")
PRICES = ("input_price", "output_price", "cache_read_price", "cache_write_price", "price_tiers")
CAPABILITIES = ("reasoning", "vision", "tools")
FACTS = ("name", *LIMITS, *PRICES, *CAPABILITIES, "deprecated", "available")
SNAPSHOT = re.compile(r"-\d{4}(?:\d{4}|-\d\d-\d\d)?$")  # ids of one version: -2512, -20250929, -2024-05-13


@dataclass(kw_only=True)
class Changes:
    """The ids of models that were added, changed and withdrawn from the offer, and the number of models now."""

    total: int = 0
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)


def reconcile(provider: Provider, listing: Listing | None, changes: Changes, *, now: datetime) -> None:
    """Bring the provider's rows up to date, and add to `changes` what that changed.

    `listing` is the provider's own list of models, None without one. The caller holds a lock on the provider's row.
    """
    entries = entries_of(provider)
    rows = {row.model_id: row for row in LLMModel.objects.filter(provider=provider)}
    staff = {model_id for model_id, row in rows.items() if row.source == LLMModel.Source.STAFF}
    offered = None if listing is None else _offered(provider, listing)
    new: list[LLMModel] = []
    updated: list[LLMModel] = []
    recorded: list[ModelChange] = []
    for model_id in sorted((entries.keys() | (listing or {}).keys() | rows.keys()) - staff):
        row = rows.get(model_id)
        facts = _facts(provider, model_id, entries.get(model_id), row, offered)
        if row is None:
            source = LLMModel.Source.CATALOGUE if model_id in entries else LLMModel.Source.PROVIDER
            new.append(LLMModel(provider=provider, model_id=model_id, source=source, **facts))
            changes.added.append(model_id)
        elif any(getattr(row, name) != value for name, value in facts.items()):
            (changes.withdrawn if row.available and not facts["available"] else changes.changed).append(model_id)
            before = history.snapshot(row)
            for name, value in facts.items():
                setattr(row, name, value)
            updated.append(row)
            recorded += history.changes(row, before, now=now, source=partial(_told_by, (offered or {}).get(model_id)))
    changes.total = len(rows) + len(new)
    if new:
        LLMModel.objects.bulk_create(new, ignore_conflicts=True)  # a row that staff adds meanwhile stays
    if updated:
        LLMModel.objects.bulk_update(updated, FACTS)
    history.store(recorded)
    if listing is not None:
        LLMModel.objects.filter(provider=provider).exclude(source=LLMModel.Source.STAFF).update(checked_at=now)


def vendor_of(provider: Provider) -> str:
    """Return the slug that the catalogue knows a provider by; a second account at a vendor has a slug of its own."""
    return provider.kind if provider.kind in catalogue.VENDORS else provider.slug


def _told_by(item: ListedModel | None, name: str) -> LLMModel.Source:
    """Name who a new value is from: the provider's own list says what is offered, and some say limits."""
    by_provider = name == "available" or (name in LIMITS and getattr(item, name, None) is not None)
    return LLMModel.Source.PROVIDER if by_provider else LLMModel.Source.CATALOGUE


def entries_of(provider: Provider) -> dict[str, catalogue.Entry]:
    """Return what the catalogue knows of a provider's models, by their ids."""
    if provider.kind != ProviderKind.ECHO:
        return catalogue.entries(provider.slug)
    names = {model_id: model_id.replace("-", " ").title() for model_id in PAUSES}
    return {model_id: catalogue.free(model_id, name) for model_id, name in names.items()}


def _offered(provider: Provider, listing: Listing) -> dict[str, ListedModel | None]:
    """Return the models that can be called: the listed ones, and the short names of listed snapshots."""
    priced_by = (catalogue.find(vendor_of(provider), model_id) for model_id in listing)
    short = {entry.model_id: None for entry in priced_by if entry is not None and not SNAPSHOT.search(entry.model_id)}
    return {**short, **listing}


def _facts(
    provider: Provider,
    model_id: str,
    entry: catalogue.Entry | None,
    row: LLMModel | None,
    offered: Mapping[str, ListedModel | None] | None,
) -> dict[str, Any]:
    """Return the facts of a model: from the provider's own list, else the catalogue, else the row."""
    item = (offered or {}).get(model_id)
    # Facts of the provider's last list count until there is a new list.
    last_listed = row if offered is None and row is not None and row.checked_at else None
    priced = entry or catalogue.find(vendor_of(provider), model_id)
    can = rules.capabilities(vendor_of(provider), model_id)
    available = (row is None or row.available) if offered is None else model_id in offered
    confirmed = available and (offered is not None or last_listed is not None)
    dropped = row is not None and row.source == LLMModel.Source.CATALOGUE and entry is None and not confirmed
    return {
        "name": _first("name", entry, item, row) or model_id,
        "context_window": _first("context_window", item, last_listed, priced, row),
        "max_output_tokens": _first("max_output_tokens", item, row),
        **{name: _first(name, priced or row) for name in PRICES},
        **{name: _first(name, item, last_listed, can) for name in CAPABILITIES},
        "deprecated": dropped or bool(_first("deprecated", priced or row)),
        "available": available,
    }


def _first(name: str, *sources: object) -> Any:
    """Return the attribute of the first source that has it and where it is not None."""
    return next((value for source in sources if (value := getattr(source, name, None)) is not None), None)
