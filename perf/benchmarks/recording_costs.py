"""What measuring costs a request and a statement, in this process, with nothing else under way."""

import statistics
import timeit
from collections.abc import Callable, Iterator
from typing import Any, cast

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import ResolverMatch

from perf.benchmarks.cases import Result
from perf.middleware import TimingMiddleware
from perf.timing import recorder
from perf.timing.instrumentation import install, measure
from perf.timing.request_stats import RequestStats, current_stats

REPETITIONS, BATCHES = 500, 21
QUERIES = 20  # a request
COLUMNS = ", ".join(f'"library_book"."column_{number}"' for number in range(12))
SQL = "SELECT {columns} FROM library_book WHERE (user_id = %s AND kind = {kind}) ORDER BY id DESC LIMIT 21"


class _Silent:
    """A driver's cursor that does nothing, at once."""

    rowcount = 21

    def execute(self, sql: str, params: Any = None) -> None:
        """Do nothing."""


def costs() -> Iterator[Result]:
    """Measure, taking the median of batches; what was recorded meanwhile is discarded."""
    recorder.drain()
    try:
        yield Result("a request, timed and taken down", _request() * 1e6, "µs", at_most=30)
        yield Result(f"a statement, {QUERIES} in a request", _statement() * 1e6, "µs", at_most=5)
    finally:
        recorder.drain()


def _request() -> float:
    request = HttpRequest()
    request.method, request.path_info = "GET", "/api/v1/books"
    request.resolver_match = ResolverMatch(_view, (), {}, route="api/v1/books")
    middleware = TimingMiddleware(_view)
    return _median(lambda: middleware(request)) - _median(lambda: _view(request))


def _view(_request: HttpRequest) -> HttpResponseBase:
    return HttpResponse(b"{}")


def _statement() -> float:
    cursor = CursorWrapper(cast(Any, _Silent()), connection)
    statements = [SQL.format(columns=COLUMNS, kind=f"{'k' * number}.id") for number in range(1, QUERIES + 1)]

    def send() -> None:
        stats = RequestStats(lambda: "api/v1/books")
        token = current_stats.set(stats)
        recorder.request_started(stats)
        for sql in statements:
            cursor.execute(f"{sql} ", ("value",))  # a new string each time, as Django's are
        recorder.request_finished(stats, recorder.FinishedRequest("GET", "api/v1/books", 200, 0.01))
        current_stats.reset(token)

    install(connection)
    with_measure = _median(send)
    connection.execute_wrappers.remove(measure)
    try:
        return (with_measure - _median(send)) / QUERIES
    finally:
        install(connection)


def _median(call: Callable[[], object]) -> float:
    """Return the median over batches of the seconds a call takes."""
    return statistics.median(timeit.repeat(call, number=REPETITIONS, repeat=BATCHES)) / REPETITIONS
