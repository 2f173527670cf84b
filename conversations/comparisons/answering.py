"""A comparison while its answers are written, and what is told of it as events."""

from collections.abc import Generator
from typing import Any

from rest_framework.exceptions import APIException

from conversations.comparisons.serializers import result_row
from conversations.comparisons.service import RunningComparison
from conversations.completions.reasons import GivenUp
from conversations.completions.responses import not_stored, store_between
from conversations.completions.streams.answer import Event
from conversations.completions.streams.urls import stream_url
from models_registry.providers.base import Reasoning


class ComparisonAnswer:
    """A comparison under way. `failure` is what storing it ended with."""

    kind = "compare"

    def __init__(self, running: RunningComparison) -> None:
        self.running = running
        self.stream_id = running.stream_id
        self.user_id = running.comparison.user_id
        self.place = {"comparison_id": running.comparison.pk}
        self.failure: Exception | None = None

    def events(self) -> Generator[list[Event], None, None]:
        """Yield `start`, the pieces of all models as they arrive, the end of each, and `done` or `error`."""
        running, hidden = self.running, self.running.comparison.hidden
        url = stream_url("compare", self.stream_id)
        start = {"event": "start", **self.place, "total": len(running.candidates)}
        yield [{**start, "stream_id": self.stream_id, "url": url}]
        for arrived in running.run():
            # Whether a model tells what it thinks, and how, gives away which one it is.
            shown = [(index, event) for index, event in arrived if not (hidden and isinstance(event, Reasoning))]
            yield [_event(running, index, event, hidden=hidden) for index, event in shown]
        self.failure = yield from store_between(running.finishing(), pause=[])
        yield [self._done() if self.failure is None else self._failed(not_stored(self.failure))]

    def given_up(self, error: Exception | None) -> list[Event]:
        """Say which answers were given up, or that nothing could be stored."""
        if error is not None:
            return [self._failed(not_stored(error))]
        running, hidden = self.running, self.running.comparison.hidden
        broken = [index for index, each in enumerate(running.candidates) if not each.ended]
        return [*(_event(running, index, GivenUp(), hidden=hidden) for index in broken), self._done()]

    def _done(self) -> Event:
        return {"event": "done", **self.place}

    def stop(self) -> None:
        """Cancel the calls that still run because the user wants it."""
        self.running.stop()

    def abandon(self) -> None:
        """Cancel the calls that still run and store what has arrived; does nothing after the end."""
        self.running.abandon()

    def _failed(self, failure: APIException) -> Event:
        return {"event": "error", "error": failure.get_codes(), "message": str(failure.detail), **self.place}


def _event(running: RunningComparison, index: int, event: Any, *, hidden: bool) -> Event:
    each = running.candidates[index]
    if isinstance(event, str):
        names = {"provider": None, "model": None} if hidden else {"provider": each.provider, "model": each.model}
        elapsed = each.call.elapsed if each.call is not None else 0.0
        piece = {"chunk": event} if type(event) is str else {"content": event}
        return {
            "event": "chunk" if type(event) is str else "reasoning",
            "index": index,
            **names,
            **piece,
            "time": elapsed,
        }
    row = result_row(running.result(index), hidden=hidden)
    return {"event": "complete", **row} if event is None else {"event": "error", "index": index, **row["error"]}
