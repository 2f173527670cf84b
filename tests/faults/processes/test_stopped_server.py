"""SIGTERM: what runs may end within the grace time, nothing new begins, and the server ends well."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from conversations.models import Conversation, Message
from perf.benchmarks.processes import free_port, wait_for
from tests.helpers import bearer, eventually
from tests.servers import asking, serve

pytestmark = pytest.mark.django_db(transaction=True)

STREAMS = 10


def refuses(url):
    try:
        requests.get(f"{url}/health/live", timeout=5)
    except requests.ConnectionError:
        return True
    return False


def test_streams_end_and_new_requests_are_refused(ann, openai, stub):
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", bearer()
    body = {"provider": "openai", "model": "stub?delay=0.2&chunks=60", "message": "one two"}

    def stream(_):
        with requests.post(f"{url}/api/v1/chat/stream", json=body, headers=headers, stream=True, timeout=60) as answer:
            return [line for line in answer.iter_lines() if line]

    more = asking(stub)
    with serve(port, **more) as process, ThreadPoolExecutor(STREAMS) as threads:
        wait_for(f"{url}/health/live")
        streams = [threads.submit(stream, number) for number in range(STREAMS)]
        assert eventually(lambda: len(stub.requests) >= STREAMS, seconds=20)
        kept = requests.Session()
        assert kept.get(f"{url}/health/live").ok
        process.send_signal(signal.SIGTERM)
        assert eventually(lambda: refuses(url), seconds=5)
        with pytest.raises(requests.ConnectionError):  # over a connection that was open before as well
            kept.get(f"{url}/health/live")
        assert not all(stream.done() for stream in streams)  # it refuses while they go on
        assert all(b'"event":"done"' in stream.result()[-1] for stream in streams)
        assert process.wait(timeout=20) == 0
    assert set(Message.objects.filter(role="assistant").values_list("status", "content")) == {
        ("complete", "one two" * 30)
    }
    assert set(Conversation.objects.values_list("message_count", flat=True)) == {2}


@pytest.mark.parametrize(
    ("script", "kept"), [("delay=0.2&chunks=15", "complete"), ("delay=0.2&chunks=600", "interrupted")]
)
def test_answers_that_nobody_reads_may_end_too(ann, openai, stub, script, kept):
    """What does not end within the grace time is kept as far as it has come."""
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", bearer()
    body = {"provider": "openai", "model": f"stub?{script}", "message": "one two"}
    more = {**asking(stub), "SHUTDOWN_GRACE": "6", "STREAM_HEARTBEAT": "0.3"}
    with serve(port, **more) as process:
        wait_for(f"{url}/health/live")
        with requests.post(f"{url}/api/v1/chat/stream", json=body, headers=headers, stream=True, timeout=60) as answer:
            next(answer.iter_content(None))
        assert eventually(lambda: len(stub.requests) == 1, seconds=10)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    [answer] = Message.objects.filter(role="assistant")
    assert answer.content.startswith("one two")
    assert answer.status == kept
    assert Conversation.objects.get().running is None


@pytest.mark.parametrize("path", ["chat", "compare"])
def test_whole_answers_that_take_too_long_are_given_up(ann, openai, stub, path):
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", {**bearer(), "Idempotency-Key": "k"}
    hanging = {"provider": "openai", "model": "stub?hang=first"}
    body = {**hanging, "message": "one two"} if path == "chat" else {"prompt": "one two", "models": [hanging] * 2}
    more = {**asking(stub), "SHUTDOWN_GRACE": "4"}
    with serve(port, **more) as process, ThreadPoolExecutor(1) as thread:
        wait_for(f"{url}/health/live")
        asked = thread.submit(requests.post, f"{url}/api/v1/{path}", json=body, headers=headers, timeout=60)
        assert eventually(lambda: len(stub.requests) == (1 if path == "chat" else 2), seconds=20)
        process.send_signal(signal.SIGTERM)
        answer = asked.result()
        assert process.wait(timeout=20) == 0
    errors = [answer.json()] if path == "chat" else [result["error"] for result in answer.json()["results"]]
    assert {(error["error"], error["message"]) for error in errors} == {("provider_error", "The server was stopped.")}
    assert answer.status_code == (502 if path == "chat" else 200)
    assert list(Message.objects.order_by("created_at").values_list("role", "status")) == (
        [("user", "complete"), ("assistant", "error")] if path == "chat" else []
    )
