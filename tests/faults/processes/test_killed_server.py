"""`kill -9` in the middle of 50 streams: what was sent is there, and adds up."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.db.models import F

from conversations.models import Conversation, Message, RepeatableRequest
from perf.benchmarks.processes import free_port, wait_for, workers
from tests.helpers import bearer, eventually
from tests.servers import asking, serve

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc"),
]

STREAMS = 50
SLOW, WHOLE = "stub?delay=0.1&chunks=600", "stub?first=2"


class Client:
    """Ann, talking to a server over the network."""

    def __init__(self, port):
        self.url, self.headers = f"http://127.0.0.1:{port}/api/v1", bearer()

    def stream(self, number):
        """Read a stream until it breaks; returns what arrived."""
        body, lines = {"provider": "openai", "model": SLOW, "message": f"message {number}"}, []
        try:
            with requests.post(
                f"{self.url}/chat/stream", json=body, headers=self.headers, stream=True, timeout=60
            ) as answer:
                lines.extend(answer.iter_lines())
        except requests.RequestException:
            return lines
        return lines

    def chat(self, **change):
        body = {"provider": "openai", "model": "stub", "message": "whole", **change}
        headers = {**self.headers, "Idempotency-Key": "k"}
        return requests.post(f"{self.url}/chat", json=body, headers=headers, timeout=60)

    def get(self, path):
        return requests.get(f"{self.url}/{path}", headers=self.headers, timeout=30)


def kill(server, what):
    """Kill the workers, or the server and all it started."""
    doomed = workers(server.pid)
    assert doomed
    if what == "server":
        server.kill()
        server.wait()
    for worker in doomed:
        worker.kill()
    assert eventually(lambda: not any(Path(f"/proc/{worker.pid}/exe").exists() for worker in doomed), seconds=10)


def adds_up(client):
    assert Conversation.objects.count() == STREAMS + 1
    said = Message.objects.filter(role="user", content__startswith="message ").values_list("content", flat=True)
    assert sorted(said) == sorted(f"message {number}" for number in range(STREAMS))
    for row in Conversation.objects.all():
        shown = client.get(f"conversations/{row.pk}").json()
        assert row.message_count == row.messages.count() == len(shown["messages"]) == shown["message_count"]
        assert shown["messages"][0]["content"] == row.preview
        assert row.last_message_at == row.messages.latest("created_at").created_at


@pytest.mark.parametrize("what", ["worker", "server"])
def test_every_message_is_there_and_every_conversation_opens(ann, openai, stub, what):
    port = free_port()
    more = asking(stub)
    client = Client(port)
    with ThreadPoolExecutor(STREAMS + 1) as threads:
        with serve(port, **more) as server:
            wait_for(f"http://127.0.0.1:{port}/health/live")
            streams = [threads.submit(client.stream, number) for number in range(STREAMS)]
            assert eventually(lambda: len(stub.requests) >= STREAMS, seconds=30)
            whole = threads.submit(client.chat, model=WHOLE)
            assert eventually(lambda: len(stub.requests) >= STREAMS + 1, seconds=30)
            kill(server, what)
            ends = [stream.result() for stream in streams]
            assert isinstance(whole.exception(), requests.ConnectionError)
            assert not any(b'"done"' in line for lines in ends for line in lines)
            assert sum(1 for lines in ends if any(b'"chunk"' in line for line in lines)) > STREAMS / 2
            if what == "worker":
                afterwards(client, port)
        if what == "server":
            with serve(port, **more):
                afterwards(client, port)


def afterwards(client, port):
    """Look at what is left, on a server that runs again, and go on where the dead one stopped."""
    wait_for(f"http://127.0.0.1:{port}/health/live")
    adds_up(client)
    assert client.chat(model=WHOLE).json()["error"] == "in_progress"
    RepeatableRequest.objects.update(claimed_at=F("claimed_at") - timedelta(minutes=20))
    answer = client.chat(model=WHOLE).json()
    assert answer["response"] == "whole"
    said = Message.objects.filter(conversation_id=answer["conversation_id"]).order_by("created_at")
    assert list(said.values_list("role", "content")) == [("user", "whole"), ("assistant", "whole")]
    adds_up(client)
