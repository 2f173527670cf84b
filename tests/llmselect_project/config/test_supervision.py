"""Who may tell a parent that a worker lives, and whom it kills."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from llmselect_project.config.supervision import ADDRESS, Supervisor, report
from tests.helpers import eventually

LIMIT = 1.0


@pytest.fixture
def supervised(monkeypatch):
    """Run a supervisor in this process."""
    monkeypatch.setenv(ADDRESS, "")
    Supervisor(LIMIT).start()


def worker():
    report(grace=5)
    time.sleep(60)


def silent():
    time.sleep(60)


def started(target):
    process = multiprocessing.get_context("fork").Process(target=target, daemon=True)
    process.start()
    return process


def datagram(content):
    _, port, secret = os.environ[ADDRESS].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(content(bytes.fromhex(secret)), ("127.0.0.1", int(port)))


def test_a_worker_that_beats_lives_and_one_that_stops_is_killed(supervised):
    process = started(worker)
    time.sleep(LIMIT * 2.5)
    assert process.is_alive()
    os.kill(process.pid, signal.SIGSTOP)
    process.join(LIMIT * 5)
    assert process.exitcode == -signal.SIGKILL


def test_what_was_never_heard_is_not_watched(supervised):
    process = started(silent)
    time.sleep(LIMIT * 2.5)
    assert process.is_alive()
    process.kill()
    process.join()


def test_only_children_are_killed(supervised):
    """A process id that is reported once and is no child's, as after an end and a new beginning, is left alone."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as other:
        datagram(lambda secret: other.pid.to_bytes(8) + secret)
        time.sleep(LIMIT * 2.5)
        assert other.poll() is None
        other.kill()


def test_who_does_not_know_the_secret_is_not_heard(supervised):
    process = started(silent)
    for content in (b"", b"short", bytes(24), bytes(100)):
        datagram(lambda secret, content=content: content)
    datagram(lambda secret: process.pid.to_bytes(8) + bytes(len(secret)))
    time.sleep(LIMIT * 2)
    assert process.is_alive()
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_a_process_that_nobody_supervises_reports_to_nobody(monkeypatch):
    monkeypatch.delenv(ADDRESS, raising=False)
    report(grace=5)
    assert not eventually(lambda: "supervision" in {thread.name for thread in threading.enumerate()}, seconds=0.2)
