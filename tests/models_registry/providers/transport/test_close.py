"""Streams that are given up, from the reader's thread and from others."""

import threading
import time
from functools import partial

import pytest

from models_registry.errors import ProviderError, StreamBroken
from models_registry.providers.base import CompletionStream
from models_registry.providers.cancellation import CancelToken
from models_registry.providers.http import forget_connections
from tests.helpers import eventually
from tests.models_registry.providers.helpers import WIRES, ask, drain, make, whole

EVERY = pytest.mark.parametrize("kind", WIRES)


def read_in_thread(stream: CompletionStream) -> tuple[threading.Thread, list]:
    results: list = []
    thread = threading.Thread(target=lambda: results.append(drain(stream)))
    thread.start()
    return thread, results


@EVERY
@pytest.mark.parametrize("hang", ["mid", "headers"])
def test_another_thread_ends_a_blocked_iteration_at_once(stub, kind, hang):
    stream = make(stub, kind).stream(*ask(f"stub?hang={hang}"))
    thread, results = read_in_thread(stream)
    time.sleep(0.2)
    started = time.monotonic()
    stream.close()
    thread.join(5)
    assert time.monotonic() - started < 2
    assert results == [(["hello ", "you "] if hang == "mid" else [], None)]
    assert eventually(lambda: stub.cancelled == 1)


@EVERY
def test_closing_before_iterating_gives_nothing(stub, kind):
    stream = make(stub, kind).stream(*ask("stub?hang=mid"))
    stream.close()
    stream.close()
    assert drain(stream) == ([], None)
    assert eventually(lambda: stub.cancelled == 1)


@EVERY
def test_closing_between_pieces_ends_the_iteration(stub, kind):
    stream = make(stub, kind).stream(*ask("stub?chunks=1000&delay=0.01"))
    pieces = []
    for piece in stream:
        pieces.append(piece)
        if len(pieces) == 3:
            stream.close()
    assert len(pieces) == 3
    assert eventually(lambda: stub.cancelled == 1)


@EVERY
def test_closing_leaves_out_what_had_already_arrived(stub, kind):
    stream = make(stub, kind).stream(*ask("stub?chunks=100&hang=mid"))
    pieces = [stream.close() for _ in stream]
    assert len(pieces) == 1
    assert eventually(lambda: stub.cancelled == 1)


@EVERY
def test_an_abandoned_iteration_drops_its_connection(stub, kind):
    pieces = iter(make(stub, kind).stream(*ask("stub?chunks=1000&delay=0.01")))
    next(pieces)
    pieces.close()
    assert eventually(lambda: stub.cancelled == 1)


@EVERY
def test_closing_after_the_end_does_no_harm(stub, kind):
    client = make(stub, kind)
    stream = client.stream(*ask())
    assert drain(stream)[1] is None
    before = stub.open_connections
    other = client.stream(*ask("stub?delay=0.05"))  # on the same connection, which must not be cut now
    stream.close()
    assert drain(other) == (["hello ", "you ", "there"], None)
    assert stub.open_connections <= before


def test_closing_at_any_moment_cuts_no_other_call(stub):
    """Threads that close their streams at random must not break others that share the pool."""
    client, broken = make(stub, "openai"), []

    def given_up(moment: float) -> None:
        for _ in range(15):
            stream = client.stream(*ask("stub?chunks=5&delay=0.002"))
            threading.Timer(moment, stream.close).start()
            if (error := drain(stream)[1]) is not None:
                broken.append(error)

    def undisturbed() -> None:
        for _ in range(60):
            pieces, error = drain(client.stream(*ask("stub?chunks=5&delay=0.001")))
            if len(pieces) != 5 or error is not None:
                broken.append((pieces, error))

    threads = [threading.Thread(target=given_up, args=(0.001 * i,)) for i in range(1, 15)]
    threads += [threading.Thread(target=undisturbed) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []


@EVERY
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("reused", [False, True])
def test_another_thread_ends_the_wait_for_the_first_byte_at_once(stub, kind, stream, reused):
    """Also of a whole answer, on a new connection or one of the pool; and nothing is tried again."""
    client, token = make(stub, kind), CancelToken()
    forget_connections()
    if reused:
        whole(client, *ask())
    before = len(stub.requests)
    ended = []

    def wait():
        with token.active(), pytest.raises(StreamBroken):
            (client.stream if stream else partial(whole, client))(*ask("stub?hang=first"))
        ended.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    assert eventually(lambda: len(stub.requests) == before + 1)
    token.cancel()
    thread.join(2)
    assert ended
    assert eventually(lambda: stub.cancelled == 1)
    assert len(stub.requests) == before + 1
    assert whole(client, *ask()).text == "hello you there"


@EVERY
def test_a_whole_answer_can_be_cancelled_in_its_middle(stub, kind):
    token, ended = CancelToken(), []

    def wait():
        with token.active(), pytest.raises(StreamBroken):
            whole(make(stub, kind), *ask("stub?hang=mid"))
        ended.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    assert eventually(lambda: len(stub.requests) == 1)
    token.cancel()
    thread.join(2)
    assert ended
    assert eventually(lambda: stub.cancelled == 1)


def test_a_token_cancelled_beforehand_sends_nothing(stub):
    token = CancelToken()
    token.cancel()
    with token.active(), pytest.raises(ProviderError):
        whole(make(stub, "openai"), *ask())
    assert stub.requests == []


def test_a_pause_between_attempts_ends_too(stub):
    token, started = CancelToken(), time.monotonic()
    threading.Timer(0.1, token.cancel).start()
    with token.active(), pytest.raises(ProviderError):
        whole(make(stub, "openai"), *ask("stub?status=500"))
    assert len(stub.requests) < 3
    assert time.monotonic() - started < 5
