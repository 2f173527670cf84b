"""A chat's answer while it is written, and what is told of it as events."""

from collections.abc import Generator, Iterator
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException

from conversations.chat.exchange import Exchange
from conversations.completions.reasons import GivenUp
from conversations.completions.responses import not_stored, store_between
from conversations.completions.runner import Event as Arrived
from conversations.completions.runner import read_here, stream_all
from conversations.completions.streams.answer import Event
from conversations.completions.streams.urls import stream_url
from conversations.completions.usage import measurement, usage_event
from models_registry.calls.completion import Call
from models_registry.providers.base import Reasoning


class ChatAnswer:
    """An exchange under way. `failure` is what it ended with if there is no whole answer to be told."""

    kind = "chat"

    def __init__(self, exchange: Exchange, *, whole: bool = False) -> None:
        """Take an exchange; `whole` says that the thread which asks for the events waits for nothing but its end."""
        self.exchange = exchange
        self.stream_id = exchange.stream_id
        self.user_id = exchange.conversation.user_id
        self.place = {"conversation_id": exchange.conversation.pk, "question_id": exchange.question_id}
        self.failure: Exception | None = None
        self._whole = whole
        self._stopped = False

    def events(self) -> Generator[list[Event], None, None]:
        """Yield `start`, the pieces as they arrive, and `done` or `error`."""
        url = stream_url("chat", self.stream_id)
        begun = {} if self.exchange.continues is None else {"continues": self.exchange.continues}
        yield [{"event": "start", **self.place, **begun, "stream_id": self.stream_id, "url": url, **self._chosen()}]
        failure: APIException | None = yield from self._pieces()
        if self._stopped and failure is not None:
            failure = GivenUp()
        attempts = self.exchange.finishing(whole=failure is None, failure=failure)
        error = yield from store_between(attempts, pause=[])
        if failure is not None:
            failure.details = {**getattr(failure, "details", {}), **self._places()}  # type: ignore[attr-defined]
        self.failure = error or failure
        failed = failure if error is None else not_stored(error)
        yield [self._done() if failed is None else self._failed(failed)]

    def given_up(self, error: Exception | None) -> list[Event]:
        """Say that the answer was given up, or could not be stored."""
        return [self._failed(GivenUp() if error is None else not_stored(error))]

    def stop(self) -> None:
        """Cancel the call because the user wants it."""
        self._stopped = True
        self.exchange.call.close()

    def abandon(self) -> None:
        """Cancel the call and store what has arrived; does nothing after the end."""
        self.exchange.abandon()

    def _pieces(self) -> Generator[list[Event], None, APIException | None]:
        """Yield the pieces as they arrive, [] in times of silence; returns the error that the answer ends with."""
        pieces = self.exchange.pieces(self._read)
        while True:
            try:
                arrived = next(pieces)
            except StopIteration as end:
                failure: APIException | None = end.value
                return failure
            if self._stopped:  # just when the next model was asked
                self.exchange.call.close()
            yield [_piece(each) for each in arrived]

    def _read(self, call: Call) -> Iterator[list[Arrived]]:
        return read_here(call) if self._whole else stream_all([call], heartbeat=settings.STREAM_HEARTBEAT)

    def _chosen(self) -> Event:
        return {} if self.exchange.selection is None else {"selection": self.exchange.selection}

    def _done(self) -> Event:
        message = self.exchange.message
        assert message is not None  # noqa: S101 - it is done
        ended = {"finish_reason": message.finish_reason, "usage": usage_event(measurement(message)._asdict())}
        times = {"time": message.time, "ttft": message.ttft}
        context = {"context": {"dropped_messages": self.exchange.dropped}}
        return {"event": "done", **self._places(), **context, **ended, **times, **self._chosen()}

    def _failed(self, failure: APIException) -> Event:
        return {"event": "error", "error": failure.get_codes(), "message": str(failure.detail), **self._places()}

    def _places(self) -> dict[str, Any]:
        """Say where the exchange is kept; a conversation deleted meanwhile keeps no message."""
        stored = self.exchange.message if self.exchange.stored else None
        return {**self.place, "message_id": stored and stored.pk}


def _piece(piece: str) -> Event:
    return {"event": "reasoning" if isinstance(piece, Reasoning) else "chunk", "content": piece}
