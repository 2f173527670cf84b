"""The load generator, against a server that answers as it is told."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from perf.benchmarks.load import drive_here, request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Cache: hit\r\n\r\nok"
NOT_MODIFIED = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Connection = Callable[[socket.socket], None]


@contextmanager
def answering(*pieces: bytes, received: list[bytes] | None = None) -> Iterator[str]:
    """Answer each request by these pieces, one write each; none of them closes the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve(connection: socket.socket) -> None:
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while asked := connection.recv(65_536):
                    if received is not None:
                        received.append(asked)
                    for piece in pieces:
                        connection.sendall(piece)
                    if not pieces:
                        return

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def load(url, *, answers=6, clients=2, seconds=10.0, **options):
    return drive_here(url, [request("GET", url)], clients=clients, seconds=seconds, answers=answers, **options)


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([OK], 200),
        ([OK[:30], OK[30:]], 200),
        ([NOT_MODIFIED], 304),
        ([CHUNKED, b"2\r\nok\r\n", b"0\r\n\r\n"], 200),
        # A chunk that looks like the end, were it not in the middle of a line.
        ([CHUNKED, b"6\r\n10\r\n\r\n\r\n", b"0\r\n\r\n"], 200),
    ],
    ids=["length", "in parts", "no body", "chunked", "chunk like an end"],
)
def test_each_answer_is_read_to_its_end(pieces, status):
    received: list[bytes] = []
    with answering(*pieces, received=received) as url:
        result = load(url)
    assert result.statuses == {status: 6}
    assert (result.answers, result.failed, result.wrong, result.late) == (6, 0, 0, 0)
    assert len(received) == 6


def test_a_closed_connection_is_a_failure():
    with answering() as url:
        result = load(url)
    assert (result.failed, result.answers) == (6, 0)


def test_an_answer_without_an_end_is_a_failure():
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as url:
        result = load(url)
    assert (result.failed, result.answers) == (6, 0)


def test_an_answer_that_ends_otherwise_than_it_must_is_wrong():
    with answering(OK) as url:
        assert load(url, ending=b"ok").wrong == 0
        assert load(url, ending=b"done").wrong == 6


def test_caches_are_counted():
    with answering(OK) as url:
        assert load(url).caches == {"hit": 6}


def test_what_is_under_way_when_time_is_over_is_waited_for():
    with answering(OK) as url:
        result = drive_here(url, [request("GET", url)], clients=2, seconds=0.0)
    assert (result.late, result.times) == (2, [])
    assert result.statuses == {200: 2}


def test_clients_take_requests_in_turns_and_send_bodies():
    received: list[bytes] = []
    with answering(OK, received=received) as url:
        bodies = [json.dumps({"number": number}).encode() for number in range(3)]
        sent = [request("POST", f"{url}/chat?a=b", {"X-Test": "1"}, body) for body in bodies]
        drive_here(url, sent, clients=1, seconds=10, answers=4)
    assert received == [*sent, sent[0]]
    host = url.removeprefix("http://").encode()
    assert sent[0] == (
        b"POST /chat?a=b HTTP/1.1\r\nHost: " + host + b"\r\nX-Test: 1\r\n"
        b'Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"number": 0}'
    )
