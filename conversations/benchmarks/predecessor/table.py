"""The predecessor's table of figures, measured again: before, with the optimisation taken away, and after."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from rest_framework.settings import api_settings
from tqdm import tqdm

from conversations.benchmarks.lists import Meter
from conversations.benchmarks.predecessor import naive
from conversations.benchmarks.predecessor.data import Site, sites, size
from conversations.benchmarks.predecessor.served import SERVED
from conversations.history.queries import CONVERSATION_ORDERINGS, PAGE, conversation_list, conversation_rows
from conversations.history.serializers import conversation_row
from models_registry.keys.encryption import decrypt
from models_registry.query_plans import own_key
from perf.benchmarks.cases import Note, Options, Output, Result, Row, percentile
from perf.db.scratch import switched

FASTER = 80  # % at least, as the predecessor says of itself
TENTH = 10  # of the predecessor's figure is the bound of ours
WARM_UP, AT_LEAST = 3, 5  # rounds that are not counted, and that are made whatever they take
FILTER = {"provider": "mistral"}

Read = Callable[[Site], Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A row of the table: how it is read before and after, what the predecessor claims in ms, what is taken away."""

    before: Read
    after: Read
    claimed: tuple[int, int]
    taken_away: str


@dataclass(slots=True)
class Times:
    """What each round took in ms, and how many queries it made."""

    taken: list[float] = field(default_factory=list)
    queries: int = 0

    def measure(self, site: Site, read: Read, *, counted: bool = True) -> Any:
        """Read once; returns what was read."""
        meter = Meter()
        with switched(site.database), connection.execute_wrapper(meter):
            start = time.perf_counter()
            found = read(site)
            taken = (time.perf_counter() - start) * 1000
        if counted:
            self.taken.append(taken)
            self.queries = meter.queries
        return found


def _first_page(site: Site, filters: dict[str, str]) -> list[dict[str, Any]]:
    paginator: Any = api_settings.DEFAULT_PAGINATION_CLASS
    found = conversation_rows(conversation_list(site.user_id, filters))
    rows = paginator.beyond(found, ordering=CONVERSATION_ORDERINGS[0], position=None)[: PAGE + 1]
    return [conversation_row(row) for row in rows][:PAGE]


def _said_of_messages(site: Site) -> list[dict[str, Any]]:
    return [{name: row[name] for name in naive.SAID} for row in _first_page(site, {})]


def _key(site: Site) -> str:
    return decrypt(own_key(site.user_id, site.provider).get().key_encrypted)


QUERIES = {
    "list": Query(
        lambda site: naive.offset_page(site.user_id, {}),
        lambda site: _first_page(site, {}),
        (250, 45),
        "the indexes of conversations; the page by limit and offset, with its count, instead of by keyset",
    ),
    "filtered": Query(
        lambda site: naive.offset_page(site.user_id, FILTER),
        lambda site: _first_page(site, FILTER),
        (180, 30),
        "the same, of the list narrowed by provider",
    ),
    "messages": Query(
        lambda site: naive.lazy_page(site.user_id),
        _said_of_messages,
        (1200, 150),
        "the indexes of conversations and messages; what a page says of messages is read from the messages of each "
        "conversation (N+1) instead of kept on its row",
    ),
    "keys": Query(
        _key,
        _key,
        (120, 25),
        "the unique index on user and provider (that on the provider alone stays); both decrypt the key",
    ),
}


def predecessor(options: Options) -> Iterator[Output]:
    """Measure the queries on two databases in turns, then what only servers show."""
    chosen = options.chosen([*QUERIES, *SERVED])
    if not set(chosen).isdisjoint(QUERIES):
        yield from _notes([name for name in chosen if name in QUERIES], options)
        with ExitStack() as stack:
            before, after = sites(stack, options)
            for name in chosen:
                if name in QUERIES:
                    yield _measured(name, QUERIES[name], before, after, options)
    for name in chosen:
        if name in SERVED:
            yield from SERVED[name](options)


def _notes(chosen: list[str], options: Options) -> Iterator[Note]:
    yield Note(f"Data: {size(options)}. How much the predecessor had is not known.")
    yield Note("Measured: the queries and the rows made of them, without HTTP, authentication and caches.")
    for name in chosen:
        before, after = QUERIES[name].claimed
        yield Note(
            f"{name}: the predecessor says {before} -> {after} ms. Before, taken away: {QUERIES[name].taken_away}."
        )


def _measured(name: str, query: Query, before: Site, after: Site, options: Options) -> Row:
    """Read before and after in turns, for so many rounds or as many as fit into the time."""
    slow, quick = Times(), Times()
    for _ in range(WARM_UP):
        if slow.measure(before, query.before, counted=False) != quick.measure(after, query.after, counted=False):
            raise AssertionError(f"{name}: before and after do not answer the same.")
    deadline = time.monotonic() + options.seconds / 12
    for number in tqdm(range(options.rounds), desc=name, disable=None, leave=False):
        if number >= AT_LEAST and time.monotonic() > deadline:
            break
        slow.measure(before, query.before)
        quick.measure(after, query.after)
    return Row(name, tuple(_figures(slow, quick, query.claimed)))


def _figures(slow: Times, quick: Times, claimed: tuple[int, int]) -> Iterator[Result]:
    before, after = statistics.median(slow.taken), statistics.median(quick.taken)
    yield Result("before", before, "ms")
    yield Result("before p95", percentile(slow.taken, 95), "ms")
    yield Result("queries before", slow.queries, "")
    yield Result("after", after, "ms", at_most=claimed[1] / TENTH)
    yield Result("after p95", percentile(quick.taken, 95), "ms")
    yield Result("queries after", quick.queries, "")
    yield Result("faster", (1 - after / before) * 100, "%", at_least=FASTER)
    yield Result("times", before / after, "")
    yield Result("rounds", len(slow.taken), "")
