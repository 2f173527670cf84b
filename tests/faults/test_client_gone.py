"""A client that hangs up for good, over the network: within a heartbeat the provider is let go and the slot is free."""

import time

import pytest
import requests

from conversations.models import Message
from perf.benchmarks.processes import free_port, wait_for
from tests.helpers import bearer, eventually
from tests.servers import asking, serve

pytestmark = pytest.mark.django_db(transaction=True)

HANGS = [  # what the provider does, what the client waits for before it leaves, what is kept
    ("hang=first", b'"start"', ("error", "")),  # the provider has not even sent its headers
    ("hang=headers", b"ping", ("error", "")),
    ("hang=mid", b'"you "', ("interrupted", "hello you ")),
    ("delay=0.05&chunks=2000", b'"you "', ("interrupted", "hello you ")),
]


def test_it_is_noticed_whatever_is_waited_for(ann, openai, stub):
    """There is one slot: the next stream can only begin when the last one is over."""
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", bearer()
    more = {**asking(stub), "STREAM_HEARTBEAT": "0.3"}
    answers = Message.objects.filter(role="assistant").order_by("created_at")

    def begin(script):
        body = {"provider": "openai", "model": f"stub?{script}", "message": "hello you there"}
        body |= {"on_disconnect": "stop"}
        return requests.post(f"{url}/api/v1/chat/stream", json=body, headers=headers, stream=True, timeout=30)

    def begun(script):
        deadline = time.monotonic() + 10
        while (answer := begin(script)).status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert answer.status_code == 200, answer.text
        return answer

    with serve(port, "--threads", "33", **more):
        wait_for(f"{url}/health/live")
        for number, (script, awaited, _) in enumerate(HANGS, start=1):
            with begun(script) as answer:
                lines = answer.iter_lines(chunk_size=1)
                while awaited not in next(lines):
                    pass
                assert eventually(lambda number=number: len(stub.requests) == number, seconds=10)
                assert begin(script).status_code == 503
            assert eventually(lambda number=number: stub.cancelled == number, seconds=10)
            assert eventually(lambda number=number: answers.count() == number, seconds=10)
    stored = list(answers.values_list("status", "content"))
    assert [(status, text[:10]) for status, text in stored] == [kept for _, _, kept in HANGS]
