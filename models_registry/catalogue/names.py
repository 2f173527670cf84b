"""Finds the models that a name means: an alias, `provider/model`, or a model's own id where it is one provider's."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from rest_framework import status
from rest_framework.exceptions import APIException

from models_registry.caches import models
from models_registry.catalogue.lookup import existing_model, usable_provider
from models_registry.errors import ModelNotAllowed
from models_registry.keys.storage import can_be_called
from models_registry.models import Provider
from models_registry.query_plans import alias_candidates, aliases, listed_models, providers_of
from perf.api.access import Access
from perf.caching.namespace import SHARED_OWNER

LONGEST = 300  # characters of a name
NAMED = 5  # providers in the error for a name that several have


class Candidate(NamedTuple):
    """A model to call."""

    provider: Provider
    model: str

    @property
    def name(self) -> str:
        """The name that means this model alone."""
        return f"{self.provider.slug}/{self.model}"


class Listed(NamedTuple):
    """A name in the list of models: `provider/model` or an alias; `created_at` is a Unix time in seconds."""

    id: str
    title: str
    owner: str
    created_at: int
    deprecated: bool = False


class ModelNotFound(APIException):
    """No model has this name."""

    status_code = status.HTTP_404_NOT_FOUND
    default_code = "model_not_found"
    param = "model"


class AmbiguousModel(APIException):
    """Several providers have a model of this name."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "ambiguous_model"
    param = "model"


def candidates(name: str, *, user_id: int) -> Sequence[Candidate]:
    """Return the models to try, in order; several for an alias only. Raises ModelNotFound and AmbiguousModel."""
    if not name or len(name) > LONGEST or not name.isprintable():
        raise ModelNotFound("model must be the name of a model, like provider/model.")
    listed, _ = models.fetch(models.key(SHARED_OWNER, f"alias {name}"), lambda: _aliased(name))
    if listed is not None:
        found = [candidate for each in listed if (candidate := _by_provider(each))]
        if not found:
            raise ModelNotFound(f"None of the models that {name} stands for can be called.")
        return found
    candidate = _by_provider(name)
    return [candidate or _by_id(name, user_id)]


def listed_names(access: Access) -> list[Listed]:
    """List the names that may be called: those of aliases, then those of the available models with a key."""
    (aliased, rows), _ = models.fetch(models.key(SHARED_OWNER, "names"), _names)
    can = {slug: can_be_called(access.user_id, usable_provider(slug)) for slug in {row[2] for row in rows}}
    shown = [Listed(*row) for *row, stands_for in aliased if any(map(access.may_use, stands_for))]
    return shown + [Listed(*row) for row in rows if can[row[2]] and access.may_use(row[0])]


def listed_name(name: str, access: Access) -> Listed:
    """Describe what a name means, listed or not.

    Raises ModelNotFound, AmbiguousModel, UnknownModel, and ModelNotAllowed.
    """
    first = candidates(name, user_id=access.user_id)[0]
    if not access.may_use(first.name):
        raise ModelNotAllowed(provider=first.provider.slug, model=first.model)
    existing_model(first.provider, first.model)
    listed = {each.id: each for each in listed_names(access)}
    found = listed.get(name) or listed.get(first.name) or Listed(name, first.model, first.provider.slug, 0)
    return found._replace(id=name)


def _names() -> list[list[Any]]:
    columns = ("provider__slug", "model_id", "name", "created_at", "deprecated")
    rows = listed_models().filter(available=True).values_list(*columns)
    return [
        [[name, name, "alias", int(created_at.timestamp()), False, each] for name, created_at, each in aliases()],
        [
            [f"{slug}/{model}", name, slug, int(created_at.timestamp()), deprecated]
            for slug, model, name, created_at, deprecated in rows
        ],
    ]


def _aliased(name: str) -> list[str] | None:
    return next(iter(alias_candidates(name)), None)


def _by_provider(name: str) -> Candidate | None:
    slug, slash, model = name.partition("/")
    if not slash or not model:
        return None
    try:
        return Candidate(usable_provider(slug), model)
    except Provider.DoesNotExist:
        return None


def _by_id(name: str, user_id: int) -> Candidate:
    """Choose the one provider that has a model of this id, among those that the user has a key for if there are."""
    key = models.key(SHARED_OWNER, f"providers of {name}")
    slugs, _ = models.fetch(key, lambda: list(providers_of(name)))
    providers = [usable_provider(slug) for slug in slugs]
    usable = [each for each in providers if can_be_called(user_id, each)] or providers
    if not usable:
        raise ModelNotFound(f"There is no model {name}. GET /v1/models lists the models that there are.")
    if len(usable) > 1:
        names = ", ".join(f"{each.slug}/{name}" for each in usable[:NAMED])
        raise AmbiguousModel(f"Several providers have a model {name}: say which one you mean ({names}).")
    return Candidate(usable[0], name)
