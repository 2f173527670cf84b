"""Scratch databases with demo data, for cases that measure queries of this process, without a server."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from conversations.benchmarks.demo.seed import Amount, seed
from models_registry.catalogue import plan_rows
from models_registry.keys.encryption import encrypt
from models_registry.models import APIKey, Provider
from perf.benchmarks.measuring import MeasuredCall, measure
from perf.db.scratch import current, switched


@dataclass(frozen=True, slots=True)
class FilledDatabase:
    """A database, its user with the most conversations, and a provider that the user has a key for."""

    connection: BaseDatabaseWrapper
    user: User
    provider: Provider

    def measure(self, call: Callable[[], object]) -> MeasuredCall:
        """Measure a call on this database."""
        with switched(self.connection):
            return measure(call)


def fill(amount: Amount, progress: Callable[[int], object] = lambda _: None) -> FilledDatabase:
    """Fill the current database; every user has a key for each provider, and the returned user's can be decrypted."""
    seed(amount, progress=progress)
    plan_rows.fill()
    secret = encrypt("sk-benchmark-0123456789abcdef")
    APIKey.objects.filter(user__username="demo-001").update(key_encrypted=secret, override_system_key=True)
    return vacuumed()


def vacuumed() -> FilledDatabase:
    """Return the current database after a vacuum, which autovacuum would do later."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return FilledDatabase(current(), User.objects.get(username="demo-001"), Provider.objects.get(slug="mistral"))
