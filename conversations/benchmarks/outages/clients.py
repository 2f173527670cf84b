"""Clients that send one request after the other, and the responses that they get; for cases about outages."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import NamedTuple

import httpx2

from perf.benchmarks.cases import Options, Result
from perf.benchmarks.services import NoPostgreSQL

CHAT = {"provider": "openai", "model": "stub", "message": "Say something short about the sea. " * 10}
NO_RESPONSE = 0  # the status of a request that got no response


class TimedResponse(NamedTuple):
    """When a request began, the seconds until its response, and the status."""

    began: float
    seconds: float
    status: int

    @property
    def ended(self) -> float:
        """When the response was there."""
        return self.began + self.seconds


class Responses(list[TimedResponse]):
    """The responses to one kind of request."""

    def times(self, since: float = 0.0, until: float = float("inf")) -> list[float]:
        """Return the seconds of the requests that began in this span; 0 when there are none."""
        return [response.seconds for response in self if since <= response.began < until] or [0.0]

    def with_status(self, *statuses: int) -> int:
        """Count the responses with these statuses."""
        return sum(response.status in statuses for response in self)


async def send_until(
    end: float,
    client: httpx2.AsyncClient,
    responses: Responses,
    method: str,
    paths: Sequence[str],
    *,
    pause: float = 0.02,
) -> None:
    """Send requests to the paths in turn until `end`, by the monotonic clock, with a pause after each response."""
    for path in itertools.cycle(paths):
        if (began := time.monotonic()) >= end:
            return
        try:
            status = (await client.request(method, path, json=CHAT if method == "POST" else None)).status_code
        except httpx2.HTTPError:
            status = NO_RESPONSE
        responses.append(TimedResponse(began, time.monotonic() - began, status))
        await asyncio.sleep(pause)


def needs_postgresql(case: Callable[[Options], Iterator[Result]]) -> Callable[[Options], Iterator[Result]]:
    """Leave a case out, with a message, where no PostgreSQL server can be started."""

    @wraps(case)
    def run(options: Options) -> Iterator[Result]:
        try:
            yield from case(options)
        except NoPostgreSQL as error:
            print(f"  left out: {error}")  # noqa: T201

    return run
