"""The queries behind the model list and the look-up of keys, declared for `check_query_plans`."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from models_registry.models import APIKey, LLMModel, LLMModelQuerySet, Provider, ProviderKind, SharedKey
from perf.plans.declared_queries import DeclaredQuery, as_get

PROVIDERS, MODELS = Provider._meta.db_table, LLMModel._meta.db_table
# Vendors publish dozens of models, not thousands, and the list is cached for a day.
FEW_PROVIDERS = {PROVIDERS: "a handful of providers"}
FEW_SHARED = {SharedKey._meta.db_table: "one key for each of a handful of providers"}
WHOLE_LIST = {**FEW_PROVIDERS, MODELS: "some hundred models, all of them listed"}


def model_list(query: Mapping[str, Any]) -> LLMModelQuerySet:
    """Give the models that users may see, narrowed by `provider`, `search` in name or id, and `available`."""
    models = listed_models()
    if provider := query.get("provider"):
        models = models.filter(provider__slug=provider)
    if search := query.get("search"):
        models = models.filter(Q(name__icontains=search) | Q(model_id__icontains=search))
    if query.get("available") is not None:
        models = models.filter(available=query["available"])
    return models


def listed_models() -> LLMModelQuerySet:
    """Give all models that users may see, in the list's order."""
    return LLMModel.objects.listed().order_by("provider__slug", "model_id")


def registered(provider: Provider, model: str) -> QuerySet[LLMModel]:
    """Give the model of a provider by its id, at most one."""
    return LLMModel.objects.filter(provider=provider, model_id=model)


def own_keys(user_id: int) -> QuerySet[APIKey]:
    """Give a user's keys with their providers."""
    return APIKey.objects.filter(user_id=user_id).select_related("provider").order_by("provider__slug")


def keyed_providers(user_id: int) -> QuerySet[APIKey, UUID]:
    """Give the ids of the providers that a user has keys of."""
    return APIKey.objects.filter(user_id=user_id).values_list("provider_id", flat=True)


def own_key(user_id: int, provider: Provider) -> QuerySet[APIKey]:
    """Give a user's key for a provider, at most one."""
    return APIKey.objects.filter(user_id=user_id, provider=provider)


def shared_providers() -> QuerySet[SharedKey, UUID]:
    """Give the ids of the providers that staff share a key for."""
    return SharedKey.objects.values_list("provider_id", flat=True)


def shared_key(provider: Provider) -> QuerySet[SharedKey]:
    """Give the key that staff share for a provider, at most one."""
    return SharedKey.objects.filter(provider=provider)


def enabled_providers() -> QuerySet[Provider]:
    """Give the providers that users may call, for the index of the admin."""
    return Provider.objects.usable().order_by("slug")


def providers_asked() -> QuerySet[Provider]:
    """Give the providers that have a list of their own to be asked for."""
    return Provider.objects.filter(enabled=True).exclude(kind=ProviderKind.ECHO)


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the queries of this module as they are run for one of the keys."""
    key = APIKey.objects.select_related("provider").order_by("-pk").first()
    provider = key.provider if key else Provider(slug="-")
    user_id = key.user_id if key else 0
    model = LLMModel.objects.filter(provider=provider).values_list("model_id", flat=True).first() or "-"
    queries: list[dict[str, Any]] = [{}, {"provider": provider.slug}, {"search": "large"}, {"available": True}]
    for query in queries:
        name = f"models{' by ' if query else ''}{next(iter(query), '')}"
        yield DeclaredQuery(name, partial(model_list, query), WHOLE_LIST, "some hundred models")
    one = listed_models().filter(provider__slug=provider.slug, model_id=model)
    yield DeclaredQuery("model", lambda: as_get(one), FEW_PROVIDERS)
    yield DeclaredQuery("chat, price of the model", lambda: registered(provider, model))
    yield DeclaredQuery("chat, look-up of the key", lambda: own_key(user_id, provider))
    yield DeclaredQuery("chat, whether there is a key", lambda: keyed_providers(user_id))
    yield DeclaredQuery("chat, which keys are shared", shared_providers, FEW_SHARED)
    yield DeclaredQuery("chat, the shared key", lambda: shared_key(provider), FEW_SHARED)
    yield DeclaredQuery("keys", lambda: own_keys(user_id), FEW_PROVIDERS, "one's own keys, one for each provider")
    usable = Provider.objects.usable()
    yield DeclaredQuery(
        "keys of the system", usable.filter(requires_key=True).order_by("slug").all, FEW_PROVIDERS, "as few"
    )
    yield DeclaredQuery("models, who is due to be asked", providers_asked, FEW_PROVIDERS)
    yield DeclaredQuery("admin, the enabled providers", enabled_providers, FEW_PROVIDERS, "as few")
    yield DeclaredQuery("chat, the provider", lambda: usable.filter(slug=provider.slug), FEW_PROVIDERS)
