"""The requests that warm the cache of the registry after a start."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse

from models_registry.models import Provider

if TYPE_CHECKING:
    from perf.caching.warming import Asked


def model_lists(users: int) -> "Iterator[Asked]":  # noqa: ARG001  # the registry is the same for all
    """Yield the paths of the list of all models and of each provider's."""
    yield reverse("model-list"), None
    for slug in Provider.objects.usable().order_by("slug").values_list("slug", flat=True):
        yield f"{reverse('model-list')}?{urlencode({'provider': slug})}", None
