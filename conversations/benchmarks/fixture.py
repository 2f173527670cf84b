"""The fixture of the cases: a server with production settings, its fake provider, its database and its accounts."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import MappingProxyType

import httpx2
from cryptography.fernet import Fernet
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.contrib.auth.models import User
from django.utils import timezone

from models_registry.models import Provider
from perf.benchmarks.cases import Options
from perf.benchmarks.processes import RunningServer, free_port, manage, running, running_server, wait_for
from perf.db.scratch import database_at, scratch_url

API, LIST = "/api/v1", "/api/v1/conversations"
PASSWORD = "a password for one run"  # noqa: S105  # of accounts that exist during the run only
STAFF = "staff"
PRODUCTION = {
    "DJANGO_ENV": "production",
    "SECRET_KEY": "scratch" * 10,
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_SSL_REDIRECT": "false",
    "ALLOW_OPEN_REGISTRATION": "true",
    "API_RATE_LIMIT": "off",
    "LOGIN_RATE_LIMIT": "off",
    "REGISTRATION_RATE_LIMIT": "off",
    "LOG_LEVEL": "ERROR",
    "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
}


@dataclass(frozen=True, slots=True)
class Deployment(RunningServer):
    """A running server, its environment variables, and the OpenAI base URL of its fake provider."""

    environment: dict[str, str]
    provider: str

    def log_in(self, name: str = "benchmark") -> dict[str, str]:
        """Create an account unless it exists; returns the header that authenticates its requests."""
        with self.client({}) as client:
            credentials = {"username": name, "password": PASSWORD}
            client.post("/auth/register", json=credentials)
            access = client.post("/auth/login", json=credentials).raise_for_status().json()["access"]
        return {"Authorization": f"Bearer {access}"}

    def client(self, headers: Mapping[str, str]) -> httpx2.Client:
        """Return a client of the API."""
        return httpx2.Client(base_url=self.url + API, headers=headers, timeout=30)

    def async_client(self, headers: Mapping[str, str]) -> httpx2.AsyncClient:
        """Return a client of the API without a limit of connections."""
        limits = httpx2.Limits(max_connections=None)
        return httpx2.AsyncClient(base_url=self.url + API, headers=headers, limits=limits, timeout=60)

    def create_conversations(self, headers: Mapping[str, str], count: int, title: str = "{}") -> list[str]:
        """Create empty conversations, with their numbers in their titles; returns their ids."""
        bodies = [{"provider": "openai", "model": "stub", "title": title.format(number)} for number in range(count)]
        with self.client(headers) as client:
            return [client.post("/conversations", json=body).raise_for_status().json()["id"] for body in bodies]

    @contextmanager
    def another(self, environment: Mapping[str, str]) -> Iterator["Deployment"]:
        """Run another server on the same database, with these changes of the environment variables."""
        changed = {**self.environment, **environment}
        with running_server(changed) as server:
            yield Deployment(server.url, server.pid, changed, self.provider)


@contextmanager
def deployment(
    options: Options,
    environment: Mapping[str, str] = MappingProxyType({}),
    *,
    provider: bool = True,
    several_workers: bool = False,
) -> Iterator[Deployment]:
    """Run a server on the services of the options until the end of the block, with rate limits off.

    Its database is a scratch database, or the empty one that `environment` names, and has a `STAFF` account. Without
    `provider` there is no fake provider. `several_workers` means two workers if there is Redis, and smaller pools.
    """
    settings = {**os.environ, **PRODUCTION, "ENCRYPTION_KEY": Fernet.generate_key().decode()}
    settings["REDIS_URL"] = options.redis_url or ""
    if several_workers and options.redis_url:
        settings["SERVE_WORKERS"] = "2"
    if several_workers and options.database_url:
        settings |= {"DB_POOL_MIN_SIZE": "5", "DB_POOL_MAX_SIZE": "10"}
    with ExitStack() as stack:
        port = free_port()
        provider_url = f"http://127.0.0.1:{port}/v1"
        if provider:
            stack.enter_context(running("stub_provider", "--port", str(port)))
            wait_for(f"{provider_url}/models")
            settings |= {"OPENAI_BASE_URL": provider_url, "OPENAI_API_KEY": "benchmark"}
        if "DATABASE_URL" not in environment:
            settings["DATABASE_URL"] = stack.enter_context(scratch_url(options.database_url))
        settings |= environment
        manage("migrate", "--verbosity=0", environment=settings)
        manage("sync_models", "--offline", environment=settings)
        if provider:
            # Else whoever lists models has the fake provider's own list read, which lacks the names that are scripts.
            with database_at(settings["DATABASE_URL"]):
                Provider.objects.filter(slug="openai").update_quietly(check_started_at=timezone.now())
        manage("createsuperuser", "--noinput", f"--username={STAFF}", "--email=", environment=settings)
        server = stack.enter_context(running_server(settings))
        yield Deployment(server.url, server.pid, settings, provider_url)


def account(name: str) -> User:
    """Create a user in the default database, or set its password to the one that `log_in` uses."""
    # The hasher of production, whatever the settings of this process.
    password = make_password(PASSWORD, hasher=PBKDF2PasswordHasher())
    return User.objects.update_or_create(username=name, defaults={"password": password})[0]
