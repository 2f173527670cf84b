"""Clients that read nothing of what they asked for, and those that send the head of a request byte by byte."""

import json
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from conversations.models import Message
from perf.benchmarks.processes import free_port, wait_for
from tests.helpers import bearer, conversation, eventually
from tests.servers import asking, serve

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, SLOTS = "36", 4  # 32 of the threads are never for chats
HEADS = 40
ASK = {"provider": "openai", "model": "stub?size=4000&chunks=4000", "message": "x"}


def begin(url, head):
    """Send the head of a request, or the start of one, over a connection with room for little."""
    host, port = url.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((host, int(port)))
    connection.sendall(head)
    return connection


def request(method, path, headers, body=b""):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode() + body


def trickle(connections, over):
    """Send each a byte every tenth of a second, until the server has closed it."""
    while not over.wait(0.1):
        for connection in list(connections):
            try:
                connection.sendall(b"x")
            except OSError:
                connections.remove(connection)


def test_nobody_waits_for_them(ann, bob, openai, stub):
    row = conversation(ann)
    Message.objects.bulk_create(
        Message(conversation=row, role="user", content=os.urandom(25_000).hex(), provider="openai", model="stub")
        for _ in range(40)
    )
    port, over = free_port(), threading.Event()
    url, own, other = f"http://127.0.0.1:{port}", {**bearer(), "Content-Type": "application/json"}, bearer("bob")
    stream = request("POST", "/api/v1/chat/stream", own, json.dumps(ASK).encode())
    answers = Message.objects.filter(role="assistant")

    def get(path):
        return requests.get(url + path, headers=other, timeout=5).status_code

    def chat(_):
        return requests.post(f"{url}/api/v1/chat", json={**ASK, "model": "stub"}, headers=other, timeout=9).status_code

    with serve(port, "--threads", THREADS, **asking(stub)), ExitStack() as opened, ThreadPoolExecutor(SLOTS) as threads:
        wait_for(f"{url}/health/live")
        heads = [opened.enter_context(begin(url, b"GET /health/live HTTP/1.1\r\nX-Slow: ")) for _ in range(HEADS)]
        threading.Thread(target=trickle, args=(list(heads), over), daemon=True).start()
        opened.callback(over.set)
        for _ in range(SLOTS):
            opened.enter_context(begin(url, stream))
        assert eventually(lambda: answers.count() == SLOTS, seconds=20)  # whoever reads them
        for _ in range(SLOTS):
            opened.enter_context(begin(url, request("GET", "/api/v1/export", own)))
        assert eventually(lambda: chat(0) == 503, seconds=5)  # the downloads hold every slot
        assert {
            get(path) for path in ("/health/live", "/api/v1/conversations", "/api/v1/models") for _ in range(5)
        } == {200}
        opened.close()
        assert eventually(lambda: set(threads.map(chat, range(SLOTS))) == {200}, seconds=5)
    assert set(answers.values_list("status", flat=True)) == {"complete"}
