"""Finding the provider and the model that a call names, without asking the database each time."""

import difflib
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from models_registry.caches import keys, models
from models_registry.catalogue.reconcile import SNAPSHOT
from models_registry.errors import UnknownModel
from models_registry.models import LLMModel, Provider, ProviderKind
from models_registry.query_plans import keyed_providers, registered
from perf.caching.namespace import EVERYBODY

# What calling takes, in the order of the model's columns, as `from_db` takes them; the rest is deferred.
PROVIDER_FIELDS = ("id", "slug", "name", "kind", "base_url", "enabled", "requires_key", "checked_at")
NEAREST = 3  # names that are suggested for one that is unknown
MODEL_FIELDS = ("id", "model_id", "name", "max_output_tokens", "input_price", "output_price")


def usable_provider(slug: str) -> Provider:
    """Return the provider of this name that can be called; raises Provider.DoesNotExist, which is not cached."""
    values, _ = models.fetch(models.place(EVERYBODY, f"usable {slug}"), lambda: _provider_values(slug))
    pk, *rest, checked_at = values
    checked = None if checked_at is None else datetime.fromisoformat(checked_at)
    return Provider.from_db(None, PROVIDER_FIELDS, [UUID(pk), *rest, checked])


def known_model(provider: Provider, model: str) -> LLMModel | None:
    """Return what the registry knows of a provider's model: its prices and limit; None when it does not know it."""
    place = models.place(EVERYBODY, f"model {provider.slug} {model}")
    values, _ = models.fetch(place, lambda: _model_values(provider, model))
    if values is None:
        return None
    pk, *rest, input_price, output_price = values
    return LLMModel.from_db(None, MODEL_FIELDS, [UUID(pk), *rest, _price(input_price), _price(output_price)])


def existing_model(provider: Provider, model: str) -> LLMModel | None:
    """Return what the registry knows of a model; raises UnknownModel when it knows that there is no such model.

    It knows that of a provider whose own list it has read. Any name is taken of others, of an OpenAI-compatible server,
    and for a fine-tuned model (`ft:…`), which the list of its owner's account alone has.
    """
    known = known_model(provider, model)
    is_open = provider.checked_at is None or provider.kind == ProviderKind.OPENAI_COMPATIBLE or model.startswith("ft:")
    if known is None and not is_open:
        place = models.place(EVERYBODY, f"nearest {provider.slug} {model}")
        nearest, _ = models.fetch(place, lambda: _nearest(provider, model))
        if nearest is not None:
            raise UnknownModel(provider=provider.slug, model=model, nearest=nearest)
    return known


def has_key(user_id: int, provider: Provider) -> bool:
    """Tell whether a user has a key of their own for a provider; most have none, and chat with the system's."""
    place = keys.place(user_id, "providers")
    found, _ = keys.fetch(place, lambda: [str(each) for each in keyed_providers(user_id)])
    return str(provider.pk) in found


def _provider_values(slug: str) -> list[Any]:
    values = Provider.objects.usable().values_list(*PROVIDER_FIELDS).get(slug=slug)
    pk, *rest, checked_at = values
    return [str(pk), *rest, None if checked_at is None else checked_at.isoformat()]


def _model_values(provider: Provider, model: str) -> list[Any] | None:
    values = next(iter(registered(provider, model).values_list(*MODEL_FIELDS)), None)
    if values is None:
        return None
    pk, *rest, input_price, output_price = values
    prices = (None if price is None else str(price) for price in (input_price, output_price))
    return [str(pk), *rest, *prices]


def _nearest(provider: Provider, model: str) -> list[str] | None:
    """Find the ids most like one that the registry lacks; None when that is short for a listed snapshot's."""
    listed = list(LLMModel.objects.filter(provider=provider).values_list("model_id", flat=True))
    short = model.removesuffix("-latest")
    if any(SNAPSHOT.sub("", each) == short for each in listed):
        return None
    by_case = {each.lower(): each for each in listed}
    return [by_case[each] for each in difflib.get_close_matches(model.lower(), by_case, n=NEAREST, cutoff=0.5)]


def _price(written: str | None) -> Decimal | None:
    return None if written is None else Decimal(written)
