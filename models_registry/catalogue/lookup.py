"""Cached look-ups of the provider, the model and the key that a call names."""

import difflib
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from models_registry.caches import keys, models
from models_registry.catalogue.reconcile import SNAPSHOT
from models_registry.errors import ModelDeactivated, UnknownModel
from models_registry.models import LLMModel, Provider, ProviderKind
from models_registry.providers.echo import PAUSES
from models_registry.query_plans import keyed_providers, registered, shared_providers
from perf.caching.generations import CacheKey
from perf.caching.namespace import SHARED_OWNER

# The columns that a call needs, in the order of the table, as `from_db` expects them; the others are deferred.
PROVIDER_FIELDS = ("id", "slug", "name", "kind", "base_url", "enabled", "requires_key", "checked_at")
PRICES = ("input_price", "output_price", "cache_read_price", "cache_write_price")
NEAREST = 3  # names that are suggested for one that is unknown
LIMITS = ("context_window", "max_output_tokens")
MODEL_FIELDS = ("id", "model_id", "name", *LIMITS, *PRICES, "price_tiers", "reasoning", "enabled", "source")


def usable_provider(slug: str) -> Provider:
    """Return the provider of this name that can be called; raises Provider.DoesNotExist, which is not cached."""
    values, _ = models.fetch(models.key(SHARED_OWNER, f"usable {slug}"), lambda: _provider_values(slug))
    pk, *rest, checked_at = values
    checked = None if checked_at is None else datetime.fromisoformat(checked_at)
    return Provider.from_db(None, PROVIDER_FIELDS, [UUID(pk), *rest, checked])


def known_model(provider: Provider, model: str) -> LLMModel | None:
    """Return what the registry knows of a provider's model, for calling it; None when it does not know the model."""
    values, _ = models.fetch(_model_key(provider, model), lambda: _model_values(provider, model))
    if values is None:
        return None
    known = dict(zip(MODEL_FIELDS, values, strict=True))
    known |= {"id": UUID(known["id"])} | {name: _price(known[name]) for name in PRICES}
    return LLMModel.from_db(None, MODEL_FIELDS, list(known.values()))


def existing_model(provider: Provider, model: str) -> LLMModel | None:
    """Return what the registry knows of a model. Raises ModelDeactivated, and UnknownModel when there is no such model.

    It knows that of the echo, and of a provider whose own list it has read. Any name is taken of others, of an
    OpenAI-compatible server, and for a fine-tuned model (`ft:…`), which the list of its owner's account alone has.
    """
    known = known_model(provider, model)
    if known is not None and not known.enabled:
        key = models.key(SHARED_OWNER, f"instead {provider.slug} {model}")
        nearest, _ = models.fetch(key, lambda: _alike(model, _offered(provider)))
        raise ModelDeactivated(provider=provider.slug, model=model, nearest=nearest)
    if provider.kind == ProviderKind.ECHO and model not in PAUSES:
        raise UnknownModel(provider=provider.slug, model=model, nearest=_alike(model, PAUSES))
    is_open = provider.checked_at is None or provider.kind == ProviderKind.OPENAI_COMPATIBLE or model.startswith("ft:")
    if known is None and not is_open:
        key = models.key(SHARED_OWNER, f"nearest {provider.slug} {model}")
        nearest, _ = models.fetch(key, lambda: _nearest(provider, model))
        if nearest is not None:
            raise UnknownModel(provider=provider.slug, model=model, nearest=nearest)
    return known


def has_key(user_id: int, provider: Provider) -> bool:
    """Tell whether a user has a key of their own for a provider; most have none, and chat with the system's."""
    found, _ = keys.fetch(_own_keys_key(user_id), lambda: [str(each) for each in keyed_providers(user_id)])
    return str(provider.pk) in found


def has_shared_key(provider: Provider) -> bool:
    """Tell whether staff share a key for a provider."""
    found, _ = keys.fetch(_shared_keys_key(), lambda: [str(each) for each in shared_providers()])
    return str(provider.pk) in found


def keys_of_call(user_id: int, provider: Provider, model: str) -> list[CacheKey]:
    """Return the keys of what a user's call of a model looks up here."""
    return [_model_key(provider, model), _own_keys_key(user_id), _shared_keys_key()]


def _model_key(provider: Provider, model: str) -> CacheKey:
    # The name changes with the fields: a shared cache may still hold values of fewer ones.
    return models.key(SHARED_OWNER, f"model, enabled {provider.slug} {model}")


def _own_keys_key(user_id: int) -> CacheKey:
    return keys.key(user_id, "providers")


def _shared_keys_key() -> CacheKey:
    return keys.key(SHARED_OWNER, "shared")


def _provider_values(slug: str) -> list[Any]:
    values = Provider.objects.usable().values_list(*PROVIDER_FIELDS).get(slug=slug)
    pk, *rest, checked_at = values
    return [str(pk), *rest, None if checked_at is None else checked_at.isoformat()]


def _model_values(provider: Provider, model: str) -> list[Any] | None:
    for known in registered(provider, model).values(*MODEL_FIELDS):
        known |= {"id": str(known["id"])} | {name: _written(known[name]) for name in PRICES}
        return list(known.values())
    return None


def _nearest(provider: Provider, model: str) -> list[str] | None:
    """Find the ids most like one that the registry lacks; None when that is short for a listed snapshot's."""
    listed = _offered(provider)
    short = model.removesuffix("-latest")
    if any(SNAPSHOT.sub("", each) == short for each in listed):
        return None
    return _alike(model, listed)


def _offered(provider: Provider) -> list[str]:
    return list(LLMModel.objects.filter(provider=provider, enabled=True).values_list("model_id", flat=True))


def _alike(model: str, listed: Iterable[str]) -> list[str]:
    by_case = {each.lower(): each for each in listed}
    return [by_case[each] for each in difflib.get_close_matches(model.lower(), by_case, n=NEAREST, cutoff=0.5)]


def _written(price: Decimal | None) -> str | None:
    return None if price is None else str(price)


def _price(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
