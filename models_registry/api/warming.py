"""The requests that warm the cache of the registry after a start."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse

from models_registry.models import Provider

if TYPE_CHECKING:
    from perf.caching.warming import WarmingRequest


def model_lists(users: int) -> "Iterator[WarmingRequest]":  # noqa: ARG001  # the registry is everybody's
    """Ask for all models, and for those of each provider."""
    yield reverse("model-list"), None
    for slug in Provider.objects.usable().order_by("slug").values_list("slug", flat=True):
        yield f"{reverse('model-list')}?{urlencode({'provider': slug})}", None
