"""The time of lists with much and with little data, and at different depths."""

import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from rest_framework.test import APIClient
from rest_framework.utils.urls import replace_query_param

from conversations import caches
from conversations.benchmarks.demo.seed import Amount
from conversations.benchmarks.filled_database import FilledDatabase, fill
from conversations.benchmarks.fixture import LIST, PASSWORD
from conversations.models import Conversation
from models_registry.query_plans import own_key
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import MeasuredCall, measure
from perf.db.scratch import scratch_database, switched

PAGE = 20  # rows
WARM_UP = 5  # rounds
QUERIES, MILLISECONDS, RATIO = 2, 5, 1.3  # bounds of each call


@dataclass(slots=True)
class MeasuredLists:
    """A database, the calls that read it, and the measurements of each round."""

    database: FilledDatabase
    warm_up: Callable[[], object]
    calls: dict[str, Callable[[], object]]
    rounds: list[dict[str, MeasuredCall]]

    def time(self, name: str) -> float:
        """Return the median database time of a call in ms."""
        return statistics.median(each[name].database_milliseconds for each in self.rounds)

    def queries(self, name: str) -> float:
        """Return the median number of queries of a call; one more reads the user state once a minute."""
        return statistics.median(each[name].statements for each in self.rounds)

    def measure(self) -> None:
        """Make each call once with an empty cache of lists; the user state is cached, as on a server in use."""
        measured = {}
        with switched(self.database.connection):
            self.warm_up()
            for name, call in self.calls.items():
                caches.conversations.invalidate(self.database.user.pk)
                measured[name] = measure(call)
        self.rounds.append(measured)


def lists(options: Options) -> Iterator[Result]:
    """Read lists, a conversation and a key of a user with a fifth of all data; and the same on a tenth of the data."""
    with ExitStack() as stack:
        sizes = [options.messages, options.messages // 10]
        full, tenth = [_filled(stack, options, messages, number) for number, messages in enumerate(sizes)]
        for _ in range(WARM_UP + options.rounds):
            full.measure()
            tenth.measure()
    for each in (full, tenth):
        del each.rounds[:WARM_UP]
    for name in full.calls:
        yield Result(f"{name}, queries", full.queries(name), "queries", at_most=QUERIES)
        yield Result(f"{name}, database time", full.time(name), "ms", at_most=MILLISECONDS)
        ratio = full.time(name) / tenth.time(name)
        yield Result(f"{name}, to the same on a tenth of the data", ratio, "times", at_most=RATIO)
    ratio = full.time("deep page") / full.time("first page")
    yield Result(f"deep page (number {_deep(options.messages)}), to the first page", ratio, "times", at_most=RATIO)


def _filled(stack: ExitStack, options: Options, messages: int, number: int) -> MeasuredLists:
    """Fill a database: conversations of ten messages of a hundred users; the first user has a fifth of them."""
    stack.enter_context(scratch_database(options.database_url, f"benchmark_{number}"))
    conversations, heavy = messages // 10, messages // 50
    amount = Amount(users=100, conversations=conversations // 100, messages=10, comparisons=0, heavy_user=heavy)
    database = fill(amount)
    database.user.set_password(PASSWORD)
    database.user.save()
    get = _reader(database.user.username)
    own = Conversation.objects.for_user(database.user.pk).order_by("-last_message_at")
    deep = _deep(messages)
    paths = {
        "first page": LIST,
        "deep page": _link_to(get, deep),
        "first page by provider": f"{LIST}?provider=mistral",
        "first page by model": f"{LIST}?model=codestral-2508",
        "first page by creation": f"{LIST}?ordering=-created_at",
        "conversation": f"{LIST}/{own[deep].pk}",
    }
    calls: dict[str, Callable[[], object]] = {name: partial(get, path) for name, path in paths.items()}
    calls["look-up of a key"] = lambda: own_key(database.user.pk, database.provider).get()
    return MeasuredLists(database, partial(get, "/api/v1/auth/me"), calls, [])


def _deep(messages: int) -> int:
    """Return the number of the page in the middle of the first user's list: 500 of 1,000,000 messages."""
    return max(1, messages // 50 // PAGE // 2)


def _reader(username: str) -> Callable[[str], Any]:
    """Log in, and return a function that reads a path."""
    api = APIClient(SERVER_NAME="localhost")
    credentials = {"username": username, "password": PASSWORD}
    access = api.post("/api/v1/auth/login", credentials, format="json", secure=True).json()["access"]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")

    def get(path: str) -> Any:
        response = api.get(path, secure=True)
        assert response.status_code == 200, response.content  # noqa: S101  # failures would be quick
        return response.json()

    return get


def _link_to(get: Callable[[str], Any], page: int) -> str:
    """Return the link to the page of this number, counted from 1; follows the list in larger steps."""
    link, rows = LIST, (page - 1) * PAGE
    while rows:
        step = min(100, rows)
        link = get(replace_query_param(link, "page_size", step))["next"]
        rows -= step
    return str(replace_query_param(link, "page_size", PAGE))
