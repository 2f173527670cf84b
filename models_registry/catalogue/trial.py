"""Trying providers out: one real call of each, which lists its models and costs nothing."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from models_registry.calls.completion import client_of
from models_registry.calls.figures import PROVIDER_TIME
from models_registry.errors import APIKeyUnreadable, ProviderError
from models_registry.keys.storage import system_key
from models_registry.models import Provider
from models_registry.providers.base import ProviderClient
from perf.db.connections import release
from perf.timing.request_stats import spent


@dataclass(frozen=True, slots=True)
class Trial:
    """What a provider answered: `host` with port, HTTP `status` where there was one, `error` None when all is well.

    `asked` is false where a key is needed and there is none for everybody.
    """

    provider: str  # its name for people
    host: str
    seconds: float = 0.0
    status: int | None = None
    models: int = 0
    error: str | None = None
    asked: bool = True


def try_providers(providers: Sequence[Provider]) -> list[Trial]:
    """Ask each for its models, all at the same time, with the key that everybody's calls are made with.

    It takes as long as the slowest does, at most the time limits of a provider's connection. Must not be called inside
    a transaction.
    """
    clients = [_client(provider) for provider in providers]
    release()
    with spent(PROVIDER_TIME), ThreadPoolExecutor(max_workers=max(len(providers), 1)) as pool:
        return list(pool.map(_try, providers, clients))


def _client(provider: Provider) -> ProviderClient | str:
    """Make the client that asks; the reason where there can be none."""
    try:
        return client_of(provider, system_key(provider))
    except (ProviderError, APIKeyUnreadable) as error:
        return str(error)


def _try(provider: Provider, client: ProviderClient | str) -> Trial:
    if isinstance(client, str):
        return Trial(provider.name, host=provider.endpoint or provider.name, error=client)
    host = urlsplit(client.base_url).netloc or provider.name
    if provider.requires_key and not client.api_key:
        return Trial(provider.name, host, error="It needs a key, and there is no shared one.", asked=False)
    started = time.perf_counter()
    try:
        models = len(client.list_models())
    except ProviderError as error:
        seconds = time.perf_counter() - started
        return Trial(provider.name, host, seconds, error.details.get("status"), error=str(error))
    status = HTTPStatus.OK if client.base_url else None
    return Trial(provider.name, host, time.perf_counter() - started, status, models)
