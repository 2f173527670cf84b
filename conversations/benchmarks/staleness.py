"""Reads and writes at random through the caches; no read may be stale."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from conversations.benchmarks.fixture import Deployment, deployment
from perf.benchmarks.cases import Options, Result

USERS, WRITERS, READERS = 20, 8, 8
PATHS = ("/conversations", "/conversations?page_size=5", "/conversations/{}")
ENOUGH_READS = 20_000 / 60  # a second


@dataclass(slots=True)
class Writer:
    """A user with one conversation, whose title is the number of the last write, `answered` once answered."""

    headers: dict[str, str]
    conversation: str
    answered: int = 0
    writing: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class ThreadResult:
    """The counts of one thread, and for each request when it began and the seconds it took."""

    counts: Counter[str] = field(default_factory=Counter)
    times: list[tuple[float, float]] = field(default_factory=list)


def staleness(options: Options) -> Iterator[Result]:
    """Write and read at random; there are two workers if there is Redis."""
    with (
        deployment(options, several_workers=True) as site,
        reading_and_writing(site, make_writers(site, USERS)) as results,
    ):
        time.sleep(options.seconds)
    yield from summary(results)
    rate = sum(result.counts["reads"] for result in results) / options.seconds
    yield Result("reads for each of the seconds", rate, "reads", at_least=ENOUGH_READS)


@contextmanager
def reading_and_writing(site: Deployment, writers: list[Writer]) -> Iterator[list[ThreadResult]]:
    """Write and read at random in threads until the end of the block, after which the results are complete."""
    ended = threading.Event()
    results = [ThreadResult() for _ in range(WRITERS + READERS)]

    def work(step: Callable[[httpx2.Client, Writer, ThreadResult], None], result: ThreadResult) -> None:
        with site.client({}) as client:
            while not ended.is_set():
                start = time.monotonic()
                try:
                    step(client, random.choice(writers), result)  # noqa: S311
                except httpx2.HTTPError:
                    result.counts["failed"] += 1
                result.times.append((start, time.monotonic() - start))
                if step is _write:
                    time.sleep(random.random() / 50)  # noqa: S311

    steps = [_write] * WRITERS + [_read] * READERS
    threads = [threading.Thread(target=work, args=pair) for pair in zip(steps, results, strict=True)]
    for thread in threads:
        thread.start()
    try:
        yield results
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def summary(results: list[ThreadResult]) -> Iterator[Result]:
    """Yield the sums over all threads; no read may be stale, and no request may fail."""
    counts = sum((result.counts for result in results), start=Counter[str]())
    for figure, unit in (("reads", "reads"), ("writes", "writes"), ("hits", "reads")):
        yield Result(figure, counts[figure], unit)
    for figure, unit in (("stale", "reads"), ("failed", "requests")):
        yield Result(figure, counts[figure], unit, at_most=0)


def make_writers(site: Deployment, count: int) -> list[Writer]:
    """Create users with one conversation each, in threads, since hashing passwords takes most of the time."""

    def make(number: int) -> Writer:
        headers = site.log_in(f"benchmark{number}")
        return Writer(headers, site.create_conversations(headers, 1)[0])

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(make, range(count)))


def _write(client: httpx2.Client, writer: Writer, result: ThreadResult) -> None:
    with writer.writing:  # so that titles only grow
        title = writer.answered + 1
        path = f"/conversations/{writer.conversation}"
        client.patch(path, json={"title": str(title)}, headers=writer.headers).raise_for_status()
        writer.answered = title
    result.counts["writes"] += 1


def _read(client: httpx2.Client, writer: Writer, result: ThreadResult) -> None:
    path = random.choice(PATHS).format(writer.conversation)  # noqa: S311
    at_least = writer.answered
    answer = client.get(path, headers=writer.headers).raise_for_status()
    body = answer.json()
    shown = body["results"][0] if "results" in body else body
    result.counts["reads"] += 1
    result.counts["hits"] += answer.headers["X-Cache"] == "hit"
    result.counts["stale"] += int(shown["title"]) < at_least
