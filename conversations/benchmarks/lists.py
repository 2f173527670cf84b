"""What of lists is measured: that they cost the same with much data as with little, and at any depth."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from rest_framework.test import APIClient
from rest_framework.utils.urls import replace_query_param

from conversations import caches
from conversations.demo.seed import Amount, seed
from conversations.models import Conversation
from models_registry.catalogue.plan_rows import fill
from models_registry.models import Provider
from models_registry.query_plans import own_key
from perf.benchmarks.cases import Options, Result
from perf.db.scratch import current, scratch_database, switched

PASSWORD = "a password for one run"  # noqa: S105  # of accounts that live as long as the run
LIST = "/api/v1/conversations"
PAGE = 20  # rows
WARM_UP = 5  # rounds that are not counted
QUERIES, MILLISECONDS, RATIO = 2, 5, 1.3  # bounds of each call


@dataclass(slots=True)
class Meter:
    """Counts statements and adds up their time in the database, in ms, as an execute wrapper.

    PostgreSQL's driver has all rows when a statement has been executed; SQLite finds most of them later.
    """

    queries: int = 0
    spent: float = 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        """Measure one statement."""
        start = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.spent += (time.perf_counter() - start) * 1000
            self.queries += 1


@dataclass(slots=True)
class Site:
    """A filled database, and what each call took there, round after round."""

    database: BaseDatabaseWrapper
    user: User
    wake: Callable[[], object]
    calls: dict[str, Callable[[], object]]
    meters: dict[str, list[Meter]] = field(default_factory=dict)

    def time(self, name: str) -> float:
        """Return the median database time of a call in ms."""
        return statistics.median(meter.spent for meter in self.meters[name])

    def queries(self, name: str) -> float:
        """Return the median number of queries of a call; once a minute the user state is read anew in one more."""
        return statistics.median(meter.queries for meter in self.meters[name])

    def measure(self, *, counted: bool) -> None:
        """Make each call once, past the cache of lists; who asks is known, as it is to a server at work."""
        self.wake()
        for name, call in self.calls.items():
            caches.conversations.invalidate(self.user.pk)
            meter = Meter()
            with connection.execute_wrapper(meter):
                call()
            if counted:
                self.meters.setdefault(name, []).append(meter)


def lists(options: Options) -> Iterator[Result]:
    """Read lists, a conversation and a key of a user with a fifth of all, and of a tenth of that data, in turns."""
    with ExitStack() as stack:
        sites = [_site(stack, options, options.messages // share, share) for share in (1, 10)]
        for number in range(WARM_UP + options.rounds):
            for site in sites:
                with switched(site.database):
                    site.measure(counted=number >= WARM_UP)
        full, tenth = sites
        for name in full.calls:
            yield Result(f"{name}, queries", full.queries(name), "queries", at_most=QUERIES)
            yield Result(f"{name}, database time", full.time(name), "ms", at_most=MILLISECONDS)
            ratio = full.time(name) / tenth.time(name)
            yield Result(f"{name}, to the same on a tenth of the data", ratio, "times", at_most=RATIO)
        ratio = full.time("deep page") / full.time("first page")
        yield Result(f"deep page (number {_deep(options.messages)}), to the first page", ratio, "times", at_most=RATIO)


def _site(stack: ExitStack, options: Options, messages: int, share: int) -> Site:
    """Fill a database: messages in conversations of ten, every fifth one the first user's, of a hundred."""
    stack.enter_context(scratch_database(options.database_url, f"benchmark_{share}"))
    conversations, heavy = messages // 10, messages // 50
    seed(Amount(users=100, conversations=conversations // 100, messages=10, comparisons=0, heavy_user=heavy))
    user = User.objects.get(username="demo-001")
    user.set_password(PASSWORD)
    user.save()
    fill()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as autovacuum does, only now
    get = _reader(user)
    return Site(current(), user, partial(get, "/api/v1/auth/me"), _calls(get, user, deep=_deep(messages)))


def _deep(messages: int) -> int:
    """Return the number of the page in the middle of the first user's list: 500 of 1,000,000 messages."""
    return max(1, messages // 50 // PAGE // 2)


def _calls(get: Callable[[str], Any], user: User, deep: int) -> dict[str, Callable[[], object]]:
    own = Conversation.objects.for_user(user.pk).order_by("-last_message_at")
    provider = Provider.objects.get(slug="openai")
    paths = {
        "first page": LIST,
        "deep page": _link_to(get, deep),
        "first page by provider": f"{LIST}?provider=mistral",
        "first page by model": f"{LIST}?model=codestral-2508",
        "first page by creation": f"{LIST}?ordering=-created_at",
        "conversation": f"{LIST}/{own[deep].pk}",
    }
    calls: dict[str, Callable[[], object]] = {name: partial(get, path) for name, path in paths.items()}
    return {**calls, "look-up of a key": lambda: own_key(user.pk, provider).get()}


def _reader(user: User) -> Callable[[str], Any]:
    """Log in and return a function that reads a path."""
    api = APIClient(SERVER_NAME="localhost")
    credentials = {"username": user.username, "password": PASSWORD}
    access = api.post("/api/v1/auth/login", credentials, format="json", secure=True).json()["access"]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")

    def get(path: str) -> Any:
        response = api.get(path, secure=True)
        assert response.status_code == 200, response.content  # noqa: S101  # failures would be quick
        return response.json()

    return get


def _link_to(get: Callable[[str], Any], page: int) -> str:
    """Follow the list to its page of this number, counted from 1, in larger steps."""
    link, rows = LIST, (page - 1) * PAGE
    while rows:
        step = min(100, rows)
        link = get(replace_query_param(link, "page_size", step))["next"]
        rows -= step
    return str(replace_query_param(link, "page_size", PAGE))
