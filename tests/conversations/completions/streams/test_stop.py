"""POST /chat/streams/{id}/stop, limits, and comparisons that are resumed and stopped."""

from itertools import pairwise
from threading import Thread

import pytest

from conversations.completions.streams import registry
from conversations.models import Message
from tests.conversations.completions.streams.helpers import HELLO, LONG, URL, events_of, ids, raw
from tests.helpers import closing_connection, each_event, events, eventually, free_slots

pytestmark = pytest.mark.django_db(transaction=True)


def test_answers_of_a_user_are_bounded(stream, api, bob_api, settings):
    settings.ANSWERS_PER_USER = 1
    response = stream(model="stub?hang=mid")
    for path in (URL, "/api/v1/chat"):
        refused = api.post(path, HELLO)
        assert (refused.status_code, refused.json()["error"]) == (429, "too_many_answers")
    assert bob_api.post("/api/v1/chat", HELLO).status_code == 200
    api.post(f"{events_of(next(response.streaming_content))[0]['url']}/stop")
    assert api.post("/api/v1/chat", HELLO).status_code == 200


# Stopping


def test_stop_keeps_what_had_arrived(api, stream, stub, settings):
    response = stream(model="stub?hang=mid")
    received = each_event(response)
    url = next(received)["url"]
    while next(received).get("content") != "you ":
        pass
    stopped = api.post(f"{url}/stop")
    assert (stopped.status_code, stopped.json()) == (200, {"stream_id": url.rsplit("/", 1)[1], "ended": True})
    last = list(received)[-1]
    assert (last["event"], last["error"]) == ("error", "interrupted")
    kept = Message.objects.get(role="assistant")
    assert (kept.content, kept.status, kept.error, str(kept.pk)) == (
        "hello you ",
        "interrupted",
        "interrupted",
        last["message_id"],
    )
    assert eventually(lambda: stub.cancelled == 1)
    assert free_slots() == settings.COMPLETION_SLOTS


def test_stop_of_one_that_nobody_reads(api, stream, follow, stub):
    response = stream(model="stub?hang=mid")
    received = each_event(response)
    url = next(received)["url"]
    while next(received).get("content") != "you ":
        pass
    response.close()
    assert api.post(f"{url}/stop").json()["ended"]
    assert Message.objects.get(role="assistant").status == "interrupted"
    assert events(follow(url))[-1]["error"] == "interrupted"


def test_stop_twice_and_after_the_end(api, stream):
    received = events(stream())
    for _ in range(2):
        assert api.post(f"{received[0]['url']}/stop").json()["ended"]
    assert Message.objects.get(role="assistant").status == "complete"


def test_a_whole_answer_is_stopped_and_followed_too(api, openai, opened, stub):
    answers = []
    ask = {**HELLO, "model": "stub?hang=mid"}
    thread = Thread(target=closing_connection, args=(lambda: answers.append(api.post("/api/v1/chat", ask)),))
    thread.start()
    assert eventually(lambda: [each for each in registry.running() if each.log.last >= 3], 10)
    [running] = registry.running()
    url = f"/api/v1/chat/streams/{running.id}"
    response = api.get(url)
    opened.append(response)
    received = each_event(response)
    assert [next(received)["event"] for _ in range(2)] == ["start", "chunk"]
    assert api.post(f"{url}/stop").json()["ended"]
    thread.join(10)
    assert (answers[0].status_code, answers[0].json()["error"]) == (409, "interrupted")
    assert answers[0].json()["details"]["message_id"] == str(Message.objects.get(role="assistant").pk)
    assert list(received)[-1]["error"] == "interrupted"


# Comparisons


COMPARE = {"prompt": "hello you there", "models": [{"provider": "openai", "model": LONG}] * 2}


@pytest.mark.parametrize("blind", [False, True])
def test_a_comparison_goes_on_and_tells_no_more_than_before(api, openai, opened, follow, blind):
    response = api.post("/api/v1/compare/stream", {**COMPARE, "blind": blind})
    opened.append(response)
    first = b""
    while first.count(b'"chunk"') < 5:
        first += next(response.streaming_content)
    response.close()
    start = events_of(first)[0]
    rest = raw(follow(start["url"], ids(first)[-1]))
    assert all(after - before == 1 for before, after in pairwise(ids(first + rest)))
    received = events_of(first + rest)
    assert received[-1] == {"event": "done", "comparison_id": start["comparison_id"]}
    row = api.get(f"/api/v1/comparisons/{start['comparison_id']}").json()
    assert [each["response"] for each in row["results"]] == [
        "".join(each["chunk"] for each in received if each["event"] == "chunk" and each["index"] == index)
        for index in range(2)
    ]
    assert (b"openai" in first + rest) is (not blind)


def test_a_comparison_is_stopped(api, openai, opened, stub):
    models = [{"provider": "openai", "model": "stub?reply=short"}, {"provider": "openai", "model": "stub?hang=mid"}]
    response = api.post("/api/v1/compare/stream", {**COMPARE, "models": models})
    opened.append(response)
    received = each_event(response)
    start, complete, arrived = next(received), False, False
    while not (complete and arrived):
        event = next(received)
        complete |= event["event"] == "complete"
        arrived |= event["event"] == "chunk" and event["index"] == 1
    assert api.post(f"{start['url']}/stop").json()["ended"]
    last = list(received)
    assert [each["event"] for each in last if each["event"] != "chunk"] == ["error", "done"]
    row = api.get(f"/api/v1/comparisons/{start['comparison_id']}").json()
    assert [each["error"] and each["error"]["error"] for each in row["results"]] == [None, "interrupted"]
    assert eventually(lambda: stub.cancelled == 1)
