"""Two workers and a Redis: an answer of one is followed and stopped through the other, which also outlives its end."""

import shutil
import time
from threading import Thread

import pytest
import requests

from conversations.models import Conversation, Message
from perf.benchmarks.processes import free_port, wait_for, workers
from tests.conversations.completions.streams.helpers import HELLO, events_of, ids
from tests.helpers import bearer, eventually
from tests.servers import asking, redis_server, serve

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server"),
]


class Site:
    """Two servers of one Redis and one database."""

    def __init__(self, stub):
        self.ports = free_port(), free_port()
        self.more = {**asking(stub), "STREAM_HEARTBEAT": "0.5"}
        self.headers = bearer()

    def url(self, number, path):
        return f"http://127.0.0.1:{self.ports[number]}{path}"

    def begin(self, script, **change):
        body = {**HELLO, "model": f"stub?{script}", **change}
        return requests.post(
            self.url(0, "/api/v1/chat/stream"), json=body, headers=self.headers, stream=True, timeout=60
        )

    def follow(self, number, url, after=0):
        headers = {**self.headers, "Last-Event-ID": str(after)}
        return requests.get(self.url(number, url), headers=headers, stream=True, timeout=60)


@pytest.fixture
def redis():
    with redis_server() as server:
        yield server


@pytest.fixture
def site(ann, openai, stub, redis):
    site = Site(stub)
    site.more["REDIS_URL"] = redis.url
    with serve(site.ports[0], **site.more) as site.first, serve(site.ports[1], **site.more):
        for number in range(2):
            wait_for(site.url(number, "/health/live"))
        yield site


def until(parts, count):
    """Read until so many chunks have come."""
    text = b""
    for part in parts:
        text += part
        if text.count(b'"chunk"') >= count:
            return text
    raise AssertionError(text)


def text_of(text):
    return "".join(each["content"] for each in events_of(text) if each["event"] == "chunk")


def test_it_is_followed_and_stopped_from_another_process(site, bob, stub, redis):
    with site.begin("delay=0.05&chunks=60") as answer:
        first = until(answer.iter_content(None), 3)
    url = events_of(first)[0]["url"]
    running = requests.get(
        site.url(1, f"/api/v1/conversations/{events_of(first)[0]['conversation_id']}"), headers=site.headers, timeout=9
    ).json()["running"]
    assert running["url"] == url
    others = []
    readers = [Thread(target=lambda: others.append(site.follow(1, url).content)) for _ in range(2)]
    for reader in readers:
        reader.start()
    rest = site.follow(1, url, ids(first)[-1]).content
    numbers = ids(first + rest)
    assert numbers == list(range(1, len(numbers) + 1))
    assert events_of(rest)[-1]["event"] == "done"
    assert text_of(first + rest) == Message.objects.get(role="assistant").content
    for reader in readers:
        reader.join(20)
    assert [events_of(each) for each in others] == [events_of(first + rest)] * 2
    assert site.follow(1, url, numbers[-1]).content == b""
    assert site.follow(1, url, numbers[-1] + 1).status_code == 410
    bobs = requests.get(site.url(1, url), headers=bearer("bob"), timeout=9)
    assert (bobs.status_code, bobs.json()["error"]) == (404, "stream_not_found")
    assert 0 < redis.client.ttl(f"llmselect:answer:{url[-36:]}") <= 600

    with site.begin("hang=mid") as answer:
        first = until(parts := answer.iter_content(None), 2)
        url = events_of(first)[0]["url"]
        assert eventually(lambda: site.follow(1, f"{url}?", 0).status_code == 200, 5)
        stopped = requests.post(site.url(1, f"{url}/stop"), headers=site.headers, timeout=9)
        assert (stopped.status_code, stopped.json()["ended"]) == (200, True)
        assert events_of(first + b"".join(parts))[-1]["error"] == "interrupted"
    kept = Message.objects.filter(role="assistant").latest("created_at")
    assert (kept.content, kept.status, kept.error) == ("hello you ", "interrupted", "interrupted")
    assert eventually(lambda: stub.cancelled == 1)
    a_comparison_says_there_that_it_runs(site)


def a_comparison_says_there_that_it_runs(site):
    models = [{"provider": "openai", "model": f"stub?delay=0.02&chunks={count}"} for count in (20, 30)]
    body = {"prompt": "hello you there", "models": models, "blind": True}
    path, follow = "/api/v1/compare/stream", "/api/v1/comparisons/"
    with requests.post(site.url(0, path), json=body, headers=site.headers, stream=True, timeout=60) as answer:
        first = until(parts := answer.iter_content(None), 1)
        start = events_of(first)[0]

        def shown():
            url = site.url(1, f"{follow}{start['comparison_id']}")
            return requests.get(url, headers=site.headers, timeout=9).json()

        assert eventually(lambda: (shown()["running"] or {}).get("url") == start["url"])
        rest = first + b"".join(parts)
    assert events_of(site.follow(1, start["url"]).content) == events_of(rest)
    assert eventually(lambda: shown()["running"] is None)
    assert len(shown()["results"]) == 2


def test_a_killed_process_is_noticed(site):
    """What its readers had stays right: they are told, and the conversation says so within 30 seconds."""
    with site.begin("delay=0.1&chunks=600") as answer:
        first = until(answer.iter_content(None), 5)
        url, pk = events_of(first)[0]["url"], events_of(first)[0]["conversation_id"]
        followed = []
        reader = Thread(target=lambda: followed.append(site.follow(1, url, ids(first)[-1]).content))
        reader.start()
        time.sleep(1)
        doomed = workers(site.first.pid)
        site.first.kill()
        for worker in doomed:
            worker.kill()
        killed_at = time.monotonic()
    assert eventually(lambda: Conversation.objects.get(pk=pk).running is None, 35)
    assert time.monotonic() - killed_at < 30
    said = requests.get(site.url(1, f"/api/v1/conversations/{pk}"), headers=site.headers, timeout=9).json()
    assert said["running"] is None
    assert said["messages"][-1]["error"]["error"] == "interrupted"
    reader.join(40)
    last = events_of(followed[0])[-1]
    assert (last["event"], last["error"], last["conversation_id"]) == ("error", "interrupted", pk)


def test_redis_that_stops_harms_no_answer(site, redis):
    with site.begin("delay=0.05&chunks=60") as answer:
        first = until(parts := answer.iter_content(None), 3)
        redis.freeze()
        rest = b"".join(parts)
    assert events_of(first + rest)[-1]["event"] == "done"
    redis.thaw()
    url = events_of(first)[0]["url"]
    assert eventually(lambda: events_of(site.follow(1, url).content or b"data: {}")[-1].get("event") == "done", 10)
    assert ids(site.follow(1, url).content) == ids(first + rest)
