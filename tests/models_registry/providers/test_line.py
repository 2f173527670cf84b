"""Connections to providers keep their time limits, whoever keeps them: the kernel, or Python where there is TLS."""

import socket
import struct
import threading
import time

import httpcore2
import pytest

from models_registry.providers.line import Backend

SECONDS = 5  # more than any test takes


@pytest.fixture
def ends():
    """Return a connection and its other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = Backend().connect_tcp("127.0.0.1", server.getsockname()[1], timeout=SECONDS)
        far, _ = server.accept()
        with far:
            yield near, far
        near.close()


def broken(far):
    """Close so that the other end gets a reset."""
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()


def test_silence_ends_with_the_limit_of_each_read(ends):
    for limit in (0.2, 0.05, 0.2, 0.0000001):
        begin = time.monotonic()
        with pytest.raises(httpcore2.ReadTimeout):
            ends[0].read(10, timeout=limit)
        assert limit * 0.9 <= time.monotonic() - begin < limit + 1


def test_without_a_limit_it_waits(ends):
    near, far = ends
    with pytest.raises(httpcore2.ReadTimeout):
        near.read(10, timeout=0.05)
    threading.Timer(0.3, lambda: far.sendall(b"late")).start()
    assert near.read(10, timeout=None) == b"late"


def test_who_does_not_read_is_not_waited_for_either(ends):
    with pytest.raises(httpcore2.WriteTimeout):
        ends[0].write(bytes(50_000_000), timeout=0.2)


def test_much_is_sent_whole_to_who_reads_slowly(ends):
    near, far = ends
    size, received = 5_000_000, bytearray()

    def read():
        while len(received) < size:
            received.extend(far.recv(500_000))
            time.sleep(0.001)

    reader = threading.Thread(target=read)
    reader.start()
    near.write(b"x" * size, timeout=SECONDS)
    reader.join(SECONDS)
    assert len(received) == size


def test_a_reset_is_an_error_and_an_end_is_none(ends):
    near, far = ends
    far.shutdown(socket.SHUT_WR)
    assert near.read(10, timeout=SECONDS) == b""
    broken(far)
    time.sleep(0.05)  # until the reset is there
    with pytest.raises(httpcore2.WriteError):
        near.write(b"x", timeout=SECONDS)


def test_nothing_is_no_reason_to_fail(ends):
    near, far = ends
    broken(far)
    time.sleep(0.05)
    near.write(b"", timeout=SECONDS)
    with pytest.raises(httpcore2.ReadError):
        near.read(10, timeout=SECONDS)


def test_a_reset_while_reading(ends):
    near, far = ends
    broken(far)
    with pytest.raises(httpcore2.ReadError):
        near.read(10, timeout=SECONDS)
