"""The time of a search's first page, for words from rare to common."""

import time
from collections.abc import Iterator

from conversations.benchmarks.fixture import account, deployment
from conversations.benchmarks.search_data import COMMON, MIDDLING, RARE, fill
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import milliseconds, percentile
from perf.db.scratch import database_at

BOUND = (RARE, MIDDLING, COMMON)  # searches with a goal; the others are only shown
SEARCHES = {
    "a rare word": RARE,
    "a middling word": MIDDLING,
    "a common word": COMMON,
    "the beginning of a common word": COMMON[:3],
    "three words": f"{COMMON} {MIDDLING} {RARE}",
    "no word of anybody's": "nowhere",
}


def search(options: Options) -> Iterator[Result]:
    """Fill the database of a server, and search it as a user with a fifth of all and as one with 50 conversations."""
    rounds = max(5, options.rounds // 3)
    with deployment(options, several_workers=True) as site:
        with database_at(site.environment["DATABASE_URL"]):
            big, small = account("big"), account("small")
            start = time.perf_counter()
            fill(messages=options.messages, big=big, small=small)
        yield Result(f"writing {options.messages:,} messages", time.perf_counter() - start, "s")
        for user in (big, small):
            with site.client(site.log_in(user.username)) as client:
                for what, words in SEARCHES.items():

                    def first_page(words: str = words) -> None:
                        client.get("/conversations", params={"search": words}).raise_for_status()

                    times = [milliseconds(first_page) for _ in range(rounds + 1)][1:]
                    goal = 50 if words in BOUND else None
                    figure = f"{what}, the {user.username} user, first page"
                    yield Result(f"{figure}, median", percentile(times, 50), "ms", at_most=goal)
                    yield Result(f"{figure}, p95", percentile(times, 95), "ms")
