"""Finding the provider and the model that a call names, without asking the database each time."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from models_registry.caches import keys, models
from models_registry.models import LLMModel, Provider
from models_registry.query_plans import keyed_providers, registered, shared_providers
from perf.caching.namespace import EVERYBODY

# What calling takes, in the order of the model's columns, as `from_db` takes them; the rest is deferred.
PROVIDER_FIELDS = ("id", "slug", "name", "kind", "base_url", "enabled", "requires_key")
MODEL_FIELDS = ("id", "model_id", "name", "max_output_tokens", "input_price", "output_price")


def usable_provider(slug: str) -> Provider:
    """Return the provider of this name that can be called; raises Provider.DoesNotExist, which is not cached."""
    values, _ = models.fetch(models.place(EVERYBODY, f"provider {slug}"), lambda: _provider_values(slug))
    return Provider.from_db(None, PROVIDER_FIELDS, [UUID(values[0]), *values[1:]])


def known_model(provider: Provider, model: str) -> LLMModel | None:
    """Return what the registry knows of a provider's model: its prices and limit; None when it does not know it."""
    place = models.place(EVERYBODY, f"model {provider.slug} {model}")
    values, _ = models.fetch(place, lambda: _model_values(provider, model))
    if values is None:
        return None
    pk, *rest, input_price, output_price = values
    return LLMModel.from_db(None, MODEL_FIELDS, [UUID(pk), *rest, _price(input_price), _price(output_price)])


def has_key(user_id: int, provider: Provider) -> bool:
    """Tell whether a user has a key of their own for a provider; most have none, and chat with the system's."""
    place = keys.place(user_id, "providers")
    found, _ = keys.fetch(place, lambda: [str(each) for each in keyed_providers(user_id)])
    return str(provider.pk) in found


def has_shared_key(provider: Provider) -> bool:
    """Tell whether staff share a key for a provider."""
    place = keys.place(EVERYBODY, "shared")
    found, _ = keys.fetch(place, lambda: [str(each) for each in shared_providers()])
    return str(provider.pk) in found


def _provider_values(slug: str) -> list[Any]:
    values = Provider.objects.usable().values_list(*PROVIDER_FIELDS).get(slug=slug)
    return [str(values[0]), *values[1:]]


def _model_values(provider: Provider, model: str) -> list[Any] | None:
    values = next(iter(registered(provider, model).values_list(*MODEL_FIELDS)), None)
    if values is None:
        return None
    pk, *rest, input_price, output_price = values
    prices = (None if price is None else str(price) for price in (input_price, output_price))
    return [str(pk), *rest, *prices]


def _price(written: str | None) -> Decimal | None:
    return None if written is None else Decimal(written)
