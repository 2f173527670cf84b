"""The offline catalogue: the four vendors' chat models and their prices, from the package genai-prices."""

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from models_registry.calls.costs import Hours, Rates, Tier, write_tiers
from models_registry.catalogue import rules

if TYPE_CHECKING:
    from genai_prices import types

# Our slugs of the vendors whose models are in the catalogue, and genai-prices' names of them.
VENDORS = {"openai": "openai", "anthropic": "anthropic", "gemini": "google", "mistral": "mistral"}
EXACT = Decimal("0.000001")  # as the registry's columns are
# What genai-prices calls the rates of each kind of token. It has others, of kinds that no chat reports.
RATES = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "input_audio": "input_audio_mtok",
    "output_audio": "output_audio_mtok",
    "output_reasoning": "output_reasoning_mtok",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model as the catalogue knows it; prices are USD per million tokens, None is unknown.

    The prices are those of a short prompt. `price_tiers` are all rates, as `write_tiers` writes them.
    """

    model_id: str
    name: str
    context_window: int | None = None
    input_price: Decimal | None = None
    output_price: Decimal | None = None
    cache_read_price: Decimal | None = None
    cache_write_price: Decimal | None = None
    price_tiers: list[dict[str, str]] | None = None
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
    """Make the entry of a model that costs nothing."""
    nothing = Decimal(0)
    tiers = write_tiers([Tier(0, Rates(nothing, nothing))])
    return Entry(model_id=model_id, name=name, input_price=nothing, output_price=nothing, price_tiers=tiers)


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
    prices = _in_force(model, now)
    base = _rates(prices[0][0], 0)
    return Entry(
        model_id=model_id,
        name=_name(model_id, model.name),
        context_window=model.context_window,
        input_price=_price(base.get("input")),
        output_price=_price(base.get("output")),
        cache_read_price=_price(base.get("cache_read")),
        cache_write_price=_price(base.get("cache_write")),
        price_tiers=_tiers(prices) if {"input", "output"} <= base.keys() else None,
        deprecated=bool(model.deprecated) or model_id in rules.SHUTDOWNS.get(provider_slug, {}),
    )


def _name(model_id: str, name: str | None) -> str:
    """Return the name, with the spelling of newer OpenAI models for the older ones too."""
    return re.sub("^gpt ", "GPT-", rules.NAMES.get(model_id) or name or model_id)


def _in_force(model: "types.ModelInfo", now: datetime) -> "list[tuple[types.ModelPrice, Hours | None]]":
    """Choose the prices of the day, then those of some of its hours, the later the stronger.

    The first are the ones shown: a price by the hour would make the registry change all day long.
    """
    if not isinstance(model.prices, list):
        return [(model.prices, None)]
    # As `ModelInfo.get_prices` does: the last in force counts, else the first.
    dated = [price for price in model.prices if not hasattr(price.constraint, "start_time")] or model.prices
    in_force = [price for price in dated if price.constraint is None or price.constraint.active(now)]
    day = (in_force or dated)[-1 if in_force else 0]
    later = model.prices[model.prices.index(day) + 1 :]
    hourly = (price for price in later if hasattr(price.constraint, "start_time"))
    return [(day.prices, None), *((price.prices, _hours(price.constraint)) for price in hourly)]


def _hours(constraint: Any) -> Hours:
    """Read the hours of a price in UTC, as times without a zone are."""
    today = datetime.now(UTC).date()
    start, end = (
        datetime.combine(today, each, each.tzinfo or UTC) for each in (constraint.start_time, constraint.end_time)
    )
    return Hours(start.astimezone(UTC).time(), end.astimezone(UTC).time())


def _tiers(in_force: "list[tuple[types.ModelPrice, Hours | None]]") -> list[dict[str, str]]:
    """Read the rates of every length of prompt at which one of them changes, as `write_tiers` writes them."""
    tiers = []
    for prices, hours in in_force:
        priced = (getattr(prices, unit) for unit in RATES.values())
        starts = {tier.start for price in priced for tier in getattr(price, "tiers", ())}
        tiers += [Tier(above, Rates(**_rates(prices, above)), hours) for above in sorted({0, *starts})]
    return write_tiers(tiers)


def _rates(prices: "types.ModelPrice", above: int) -> dict[str, Decimal]:
    """Read the rates of prompts with more than `above` tokens; a model without any price at all is free."""
    if all(value is None for value in vars(prices).values()):
        return {"input": Decimal(0), "output": Decimal(0)}
    priced = {kind: getattr(prices, unit) for kind, unit in RATES.items()}
    return {kind: _rate(price, above) for kind, price in priced.items() if price is not None}


def _rate(price: "Decimal | types.TieredPrices", above: int) -> Decimal:
    if isinstance(price, Decimal):
        return price
    return next((tier.price for tier in reversed(price.tiers) if tier.start <= above), price.base)


def _price(rate: Decimal | None) -> Decimal | None:
    return None if rate is None else rate.quantize(EXACT)


def _shut_down(provider_slug: str, model_id: str, now: datetime) -> bool:
    day = rules.SHUTDOWNS.get(provider_slug, {}).get(model_id)
    return day is not None and day <= now.date().isoformat()
