"""The queries of the registry, and their declarations for `check_query_plans`."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from models_registry.models import (
    Alias,
    APIKey,
    Budget,
    LLMModel,
    LLMModelQuerySet,
    ModelChange,
    Provider,
    ProviderKind,
    SharedKey,
)
from models_registry.spending.models import BudgetQuerySet
from perf.api.pagination import KeysetPagination
from perf.plans.declared_queries import DeclaredQuery, as_get

PROVIDERS, MODELS = Provider._meta.db_table, LLMModel._meta.db_table
# Vendors publish dozens of models, not thousands, and the list is cached for a day.
FEW_PROVIDERS = {PROVIDERS: "a handful of providers"}
FEW_SHARED = {SharedKey._meta.db_table: "one key for each of a handful of providers"}
FEW_ALIASES = {Alias._meta.db_table: "a handful of aliases"}
WHOLE_LIST = {**FEW_PROVIDERS, MODELS: "some hundred models, all of them listed"}
CHANGE_FIELDS = ("id", "changed_at", "field", "old", "new", "source")
NEWEST_CHANGE_FIRST = "-changed_at"
NEWEST_BUDGET_FIRST = "-created_at"
PAGE = 20  # rows of a page that is checked


def model_list(query: Mapping[str, Any]) -> LLMModelQuerySet:
    """Return the listed models, filtered by `provider`, `search` in name or id, and `available`."""
    models = listed_models()
    if provider := query.get("provider"):
        models = models.filter(provider__slug=provider)
    if search := query.get("search"):
        models = models.filter(Q(name__icontains=search) | Q(model_id__icontains=search))
    if query.get("available") is not None:
        models = models.filter(available=query["available"])
    return models


def listed_models() -> LLMModelQuerySet:
    """Return all models that users may see, in the order of the list."""
    return LLMModel.objects.listed().order_by("provider__slug", "model_id")


def one_model(provider: str, model_id: str) -> LLMModelQuerySet:
    """Give the model of this id that users may see, at most one."""
    return listed_models().filter(provider__slug=provider, model_id=model_id)


def alias_candidates(name: str) -> QuerySet[Alias, Any]:
    """Return the candidates of the alias of this name, at most one row."""
    return Alias.objects.filter(name=name).values_list("candidates", flat=True)


def aliases() -> QuerySet[Alias, tuple[str, Any, Any]]:
    """Return name, time and candidates of all aliases, for the list of models."""
    return Alias.objects.order_by("name").values_list("name", "created_at", "candidates")


def providers_of(model: str) -> QuerySet[LLMModel, str]:
    """Return the slugs of the usable providers that have a model of this id."""
    return listed_models().filter(model_id=model).values_list("provider__slug", flat=True)


def model_changes(model_pk: UUID) -> QuerySet[ModelChange, dict[str, Any]]:
    """Read what is shown of the changes of a model."""
    rows: QuerySet[ModelChange, dict[str, Any]] = ModelChange.objects.filter(model_id=model_pk).values(*CHANGE_FIELDS)
    return rows


def registered(provider: Provider, model: str) -> QuerySet[LLMModel]:
    """Give the model of a provider by its id, at most one."""
    return LLMModel.objects.filter(provider=provider, model_id=model)


def own_keys(user_id: int) -> QuerySet[APIKey]:
    """Return a user's keys with their providers."""
    return APIKey.objects.filter(user_id=user_id).select_related("provider").order_by("provider__slug")


def keyed_providers(user_id: int) -> QuerySet[APIKey, UUID]:
    """Return the ids of the providers that a user has keys for."""
    return APIKey.objects.filter(user_id=user_id).values_list("provider_id", flat=True)


def own_key(user_id: int, provider: Provider) -> QuerySet[APIKey]:
    """Return a user's key for a provider, at most one."""
    return APIKey.objects.filter(user_id=user_id, provider=provider)


def shared_providers() -> QuerySet[SharedKey, UUID]:
    """Return the ids of the providers that staff share a key for."""
    return SharedKey.objects.values_list("provider_id", flat=True)


def shared_key(provider: Provider) -> QuerySet[SharedKey]:
    """Return the key that staff share for a provider, at most one."""
    return SharedKey.objects.filter(provider=provider)


def budgets(user_id: int | None) -> BudgetQuerySet:
    """Return a user's budgets, or all, with their users in the same query."""
    rows = Budget.objects.select_related("user")
    return rows if user_id is None else rows.filter(user_id=user_id)


def enabled_providers() -> QuerySet[Provider]:
    """Return the providers that users may call, for the index of the admin."""
    return Provider.objects.usable().order_by("slug")


def refreshable_providers() -> QuerySet[Provider]:
    """Return the enabled providers that may publish a list of models."""
    return Provider.objects.filter(enabled=True).exclude(kind=ProviderKind.ECHO)


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the queries of this module, for the user and the provider of the newest key."""
    key = APIKey.objects.select_related("provider").order_by("-pk").first()
    provider = key.provider if key else Provider(slug="-")
    user_id = key.user_id if key else 0
    model = LLMModel.objects.filter(provider=provider).values_list("model_id", flat=True).first() or "-"
    queries: list[dict[str, Any]] = [{}, {"provider": provider.slug}, {"search": "large"}, {"available": True}]
    for query in queries:
        name = f"models{' by ' if query else ''}{next(iter(query), '')}"
        yield DeclaredQuery(name, partial(model_list, query), WHOLE_LIST, "some hundred models")
    yield DeclaredQuery("models by id alone", lambda: providers_of(model), WHOLE_LIST, "some hundred models, cached")
    yield DeclaredQuery("models, candidates of an alias", lambda: alias_candidates("fast"), FEW_ALIASES)
    yield DeclaredQuery("models, all aliases", aliases, FEW_ALIASES, "a handful, cached")
    yield DeclaredQuery("model", lambda: as_get(one_model(provider.slug, model)), FEW_PROVIDERS)
    yield from _changes()
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
    yield DeclaredQuery("models, who is due to be asked", refreshable_providers, FEW_PROVIDERS)
    yield DeclaredQuery("admin, the enabled providers", enabled_providers, FEW_PROVIDERS, "as few")
    yield DeclaredQuery("chat, the provider", lambda: usable.filter(slug=provider.slug), FEW_PROVIDERS)


def _changes() -> Iterator[DeclaredQuery]:
    """Declare the pages of a model's history: the first, and those after and before a change of it."""
    sample = ModelChange.objects.order_by("-pk").first()
    rows = model_changes(sample.model_id if sample else UUID(int=0))
    positions: dict[str, Any] = {"first": None}
    if sample is not None:
        place = partial(KeysetPagination.position_at, row=sample, ordering=NEWEST_CHANGE_FIRST)
        positions |= {"next": place("next"), "previous": place("previous")}
    for name, position in positions.items():
        run = partial(_page, KeysetPagination.beyond(rows, ordering=NEWEST_CHANGE_FIRST, position=position))
        yield DeclaredQuery(f"history of a model, {name} page", run)


def _page(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return rows[: PAGE + 1]
