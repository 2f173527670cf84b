"""The offline catalogue: the four vendors' chat models and their prices, from the package genai-prices."""

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from models_registry.catalogue import rules

if TYPE_CHECKING:
    from genai_prices import types

# Our slugs of the vendors whose models are in the catalogue, and genai-prices' names of them.
VENDORS = {"openai": "openai", "anthropic": "anthropic", "gemini": "google", "mistral": "mistral"}
PRICE_UNIT = Decimal("0.000001")  # USD per million tokens, as exact as the columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model of the catalogue; prices are in USD per million tokens, None where unknown."""

    model_id: str
    name: str
    context_window: int | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    deprecated: bool = False


def entries(provider_slug: str, *, now: datetime | None = None) -> dict[str, Entry]:
    """Return the chat models of a vendor by id, at the prices of `now`; none for other providers."""
    now = now or datetime.now(UTC)
    vendor = _providers().get(VENDORS.get(provider_slug, ""))
    found = {}
    for model in vendor.models if vendor else ():
        entry = _entry(provider_slug, model, now)
        if can_chat(provider_slug, entry.model_id) and not _shut_down(provider_slug, entry.model_id, now):
            found[entry.model_id] = entry
    return found


def find(provider_slug: str, model_id: str, *, now: datetime | None = None) -> Entry | None:
    """Return the entry whose prices an id of a provider's own list has, None without one; the id is often a snapshot's.

    `provider_slug` is one of the four vendors, or genai-prices' name of a provider (`openrouter`, `groq` …).
    """
    if model_id in rules.MOVED_ON.get(provider_slug, ()):
        return None
    provider = _providers().get(VENDORS.get(provider_slug, provider_slug))
    model = provider and provider.find_model(model_id, all_providers=list(_providers().values()))
    return _entry(provider_slug, model, now or datetime.now(UTC)) if model else None


def free(model_id: str, name: str) -> Entry:
    """Return the entry of a model that costs nothing."""
    return Entry(model_id=model_id, name=name, input_price=Decimal(0), output_price=Decimal(0))


def can_chat(provider_slug: str, model_id: str) -> bool:
    """Tell whether a model can chat, as far as its id shows; unknown ids count as chat models."""
    name = model_id.lower()
    if rules.ANYWHERE.search(name):
        return False
    if provider_slug not in VENDORS:
        return True
    patterns = (rules.NO_ID, rules.AT_VENDORS, rules.BY_VENDOR[provider_slug])
    return not any(pattern.search(name) for pattern in patterns)


@functools.cache
def _providers() -> dict[str, "types.Provider"]:
    """Load the data inside the package, which takes a third of a second; no network is used."""
    from genai_prices.data import providers

    return {provider.id: provider for provider in providers}


def _entry(provider_slug: str, model: "types.ModelInfo", now: datetime) -> Entry:
    model_id = rules.API_IDS.get(provider_slug, {}).get(model.id, model.id)
    prices = _prices(model, now)
    return Entry(
        model_id=model_id,
        name=_name(model_id, model.name),
        context_window=model.context_window,
        input_price=_base(prices, "input_mtok"),
        output_price=_base(prices, "output_mtok"),
        deprecated=bool(model.deprecated) or model_id in rules.SHUTDOWNS.get(provider_slug, {}),
    )


def _name(model_id: str, name: str | None) -> str:
    """Return the name, with the spelling of newer OpenAI models for the older ones too."""
    return re.sub("^gpt ", "GPT-", rules.NAMES.get(model_id) or name or model_id)


def _prices(model: "types.ModelInfo", now: datetime) -> "types.ModelPrice":
    """Return the prices in force at `now`, without discounts by the hour, which would change the registry all day."""
    if not isinstance(model.prices, list):
        return model.prices
    # Like `ModelInfo.get_prices`: the last one in force, else the first.
    dated = [price for price in model.prices if not hasattr(price.constraint, "start_time")] or model.prices
    in_force = [price for price in dated if price.constraint is None or price.constraint.active(now)]
    return (in_force or dated)[-1 if in_force else 0].prices


def _base(prices: "types.ModelPrice", unit: str) -> Decimal | None:
    """Return the price of the first tier, for short prompts; a model without any price is free."""
    price: Any = getattr(prices, unit)
    if price is None:
        return None if any(value is not None for value in vars(prices).values()) else Decimal(0)
    return Decimal(getattr(price, "base", price)).quantize(PRICE_UNIT)


def _shut_down(provider_slug: str, model_id: str, now: datetime) -> bool:
    day = rules.SHUTDOWNS.get(provider_slug, {}).get(model_id)
    return day is not None and day <= now.date().isoformat()
