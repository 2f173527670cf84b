"""The predecessor's table of figures, measured again: before, without the optimisation, and after, with it."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rest_framework.settings import api_settings
from tqdm import tqdm

from conversations.benchmarks.demo.seed import Amount
from conversations.benchmarks.filled_database import FilledDatabase, fill
from conversations.benchmarks.predecessor import without_optimisations as without
from conversations.benchmarks.predecessor.servers import SERVERS
from conversations.history.queries import CONVERSATION_ORDERINGS, conversation_list, conversation_rows
from conversations.history.serializers import conversation_row
from conversations.query_plans import PAGE
from models_registry.keys.encryption import decrypt
from models_registry.query_plans import own_key
from perf.benchmarks.cases import Note, Options, Output, Result, Row
from perf.benchmarks.measuring import MeasuredCall, percentile
from perf.db.scratch import scratch_database

SHARE = 0.3  # of `--messages`, since every run fills these databases
LENGTH = 10  # messages of a conversation
HEAVY = 20  # one in 20 conversations is the busiest user's
FASTER = 80  # % at least, as the predecessor claims
TENTH = 10  # our bound is a tenth of the predecessor's figure
WARM_UP, AT_LEAST = 3, 5  # rounds before the measured ones, and measured ones however long they take
FILTER = {"provider": "mistral"}

Read = Callable[[FilledDatabase], Any]


@dataclass(frozen=True, slots=True)
class QueryRow:
    """A row of the table: its reads before and after, the predecessor's figures in ms, the missing optimisation."""

    before: Read
    after: Read
    claimed: tuple[int, int]
    taken_away: str


def _first_page(data: FilledDatabase, filters: dict[str, str]) -> list[dict[str, Any]]:
    paginator: Any = api_settings.DEFAULT_PAGINATION_CLASS
    found = conversation_rows(conversation_list(data.user.pk, filters))
    rows = paginator.beyond(found, ordering=CONVERSATION_ORDERINGS[0], position=None)[: PAGE + 1]
    return [conversation_row(row) for row in rows][:PAGE]


def _message_facts(data: FilledDatabase) -> list[dict[str, Any]]:
    return [{name: row[name] for name in without.MESSAGE_FACTS} for row in _first_page(data, {})]


def _key(data: FilledDatabase) -> str:
    return decrypt(own_key(data.user.pk, data.provider).get().key_encrypted)


QUERIES = {
    "list": QueryRow(
        lambda data: without.offset_page(data.user.pk, {}),
        lambda data: _first_page(data, {}),
        (250, 45),
        "the indexes of conversations; the page by limit and offset, with its count, instead of by keyset",
    ),
    "filtered": QueryRow(
        lambda data: without.offset_page(data.user.pk, FILTER),
        lambda data: _first_page(data, FILTER),
        (180, 30),
        "the same, of the list narrowed by provider",
    ),
    "messages": QueryRow(
        lambda data: without.lazy_page(data.user.pk),
        _message_facts,
        (1200, 150),
        "the indexes of conversations and messages; what a page says of messages is read from the messages of each "
        "conversation (N+1) instead of kept on its row",
    ),
    "keys": QueryRow(
        _key,
        _key,
        (120, 25),
        "the unique index on user and provider (that on the provider alone stays); both decrypt the key",
    ),
}


def predecessor(options: Options) -> Iterator[Output]:
    """Measure the queries on two databases in turns, then the rows that need servers. Raises UnknownRow."""
    chosen = options.chosen([*QUERIES, *SERVERS])
    queries = [name for name in chosen if name in QUERIES]
    if queries:
        amount = _amount(options)
        yield from _notes(queries, amount)
        with scratch_database(options.database_url):
            with tqdm(total=amount.rows, unit=" rows", unit_scale=True, disable=None, leave=False) as bar:
                after = fill(amount, bar.update)
            with without.copy_without_indexes() as before:
                for name in queries:
                    yield _measured(name, QUERIES[name], before, after, options)
    for name in chosen:
        if name in SERVERS:
            yield from SERVERS[name](options)


def _amount(options: Options) -> Amount:
    """Return the size of the database; there are as many accounts as conversations."""
    accounts = int(options.messages * SHARE) // LENGTH
    return Amount(users=accounts, conversations=1, messages=LENGTH, comparisons=0, heavy_user=accounts // HEAVY)


def _notes(queries: list[str], amount: Amount) -> Iterator[Note]:
    yield Note(
        f"Data: {amount.users:,} accounts with a key for each provider, {amount.users:,} conversations of "
        f"{LENGTH} messages, {amount.heavy_user:,} of them the measured account's. "
        "How much the predecessor had is not known."
    )
    yield Note("Measured: the queries and the rows made of them, without HTTP, authentication and caches.")
    for name in queries:
        before, after = QUERIES[name].claimed
        yield Note(
            f"{name}: the predecessor says {before} -> {after} ms. Before, taken away: {QUERIES[name].taken_away}."
        )


def _measured(name: str, query: QueryRow, before: FilledDatabase, after: FilledDatabase, options: Options) -> Row:
    """Read before and after in turns, for the rounds of the options or as many as fit into the time."""
    slow: list[MeasuredCall] = []
    quick: list[MeasuredCall] = []
    deadline = time.monotonic() + options.seconds / 12
    for number in tqdm(range(-WARM_UP, options.rounds), desc=name, disable=None, leave=False):
        if number >= AT_LEAST and time.monotonic() > deadline:
            break
        slow.append(before.measure(lambda: query.before(before)))
        quick.append(after.measure(lambda: query.after(after)))
        if number < 0 and slow[-1].returned != quick[-1].returned:
            raise AssertionError(f"{name}: before and after do not answer the same.")
    return Row(name, tuple(_figures(slow[WARM_UP:], quick[WARM_UP:], query.claimed)))


def _figures(slow: list[MeasuredCall], quick: list[MeasuredCall], claimed: tuple[int, int]) -> Iterator[Result]:
    times_before, times_after = [each.milliseconds for each in slow], [each.milliseconds for each in quick]
    before, after = statistics.median(times_before), statistics.median(times_after)
    yield Result("before", before, "ms")
    yield Result("before p95", percentile(times_before, 95), "ms")
    yield Result("queries before", slow[-1].statements, "")
    yield Result("after", after, "ms", at_most=claimed[1] / TENTH)
    yield Result("after p95", percentile(times_after, 95), "ms")
    yield Result("queries after", quick[-1].statements, "")
    yield Result("faster", (1 - after / before) * 100, "%", at_least=FASTER)
    yield Result("times", before / after, "")
    yield Result("rounds", len(slow), "")
