"""The data of the predecessor's table: the same rows twice, in a database as it is and in one without its indexes."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations import RemoveConstraint, RemoveIndex
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model
from tqdm import tqdm

from conversations.demo.seed import Amount, seed
from conversations.models import Conversation, Message
from models_registry.catalogue.sync import sync
from models_registry.keys.encryption import encrypt
from models_registry.models import APIKey, Provider
from perf.benchmarks.cases import Options
from perf.db.scratch import copied_database, current, scratch_database

SHARE = 0.3  # of `--messages`, since these databases are filled for every run
LENGTH = 10  # messages of a conversation
HEAVY = 20  # one in so many conversations is the busiest user's
KEYS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows there are."""

    messages: int

    @property
    def conversations(self) -> int:
        """There are as many accounts."""
        return self.messages // LENGTH

    @property
    def of_the_busiest(self) -> int:
        """How many conversations the measured account has."""
        return self.conversations // HEAVY

    def __str__(self) -> str:
        return (
            f"{self.conversations:,} accounts with a key for each provider, {self.conversations:,} conversations of "
            f"{LENGTH} messages, {self.of_the_busiest:,} of them the measured account's"
        )


@dataclass(frozen=True, slots=True)
class Site:
    """One of the two databases, and whose rows are read there."""

    database: Any
    user_id: int
    provider: Provider


def size(options: Options) -> Size:
    """Return how much data these options ask for."""
    return Size(int(options.messages * SHARE))


def sites(stack: ExitStack, options: Options) -> tuple[Site, Site]:
    """Fill a database, and copy it; the copy, which is returned first, loses the indexes of what is measured."""
    stack.enter_context(scratch_database(options.database_url))
    amount = size(options)
    rows = Amount(
        users=amount.conversations, conversations=1, messages=LENGTH, comparisons=0, heavy_user=amount.of_the_busiest
    )
    with tqdm(total=rows.rows, unit=" rows", unit_scale=True, disable=None, leave=False) as bar:
        seed(rows, progress=bar.update)
    sync(check=False)
    _give_keys()
    after = _site()
    stack.enter_context(copied_database("before"))
    _drop_indexes()
    return _site(), after


def _site() -> Site:
    """Leave the database as autovacuum would, only now."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return Site(current(), User.objects.get(username="demo-001").pk, Provider.objects.get(slug="mistral"))


def _give_keys() -> None:
    """Give every account a key for each provider; they differ in their row, not in what they open."""
    secret = encrypt("sk-benchmark-0123456789abcdef")
    providers = list(Provider.objects.filter(requires_key=True))
    users = list(User.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(users), KEYS_AT_ONCE):
        keys = [
            APIKey(user_id=user, provider=provider, key_encrypted=secret, masked="****cdef", override_system_key=True)
            for user in users[start : start + KEYS_AT_ONCE]
            for provider in providers
        ]
        APIKey.objects.bulk_create(keys)


def _drop_indexes() -> None:
    """Leave primary keys, and the index that Django gives to the foreign key from keys to providers."""
    _take_away(Conversation, [RemoveIndex("conversation", index.name) for index in Conversation._meta.indexes])
    _take_away(Message, [RemoveIndex("message", index.name) for index in Message._meta.indexes])
    _take_away(APIKey, [RemoveConstraint("apikey", each.name) for each in APIKey._meta.constraints])


def _take_away(model: type[Model], operations: Sequence[RemoveIndex | RemoveConstraint]) -> None:
    app = model._meta.app_label
    state = MigrationLoader(connection).project_state()
    for operation in operations:
        left = state.clone()
        operation.state_forwards(app, left)
        with connection.schema_editor() as editor:
            operation.database_forwards(app, editor, state, left)
        state = left
