"""POST /compare/stream."""

import time
from itertools import pairwise

import pytest
from django.db import connection

from conversations.completions.concurrency import Slot
from conversations.models import Comparison, ComparisonResult
from models_registry.models import Provider
from tests.helpers import checked_out, each_event, events, eventually, free_slots, holds_a_connection

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/compare/stream"
OPENAI = {"provider": "openai", "model": "stub"}
HELLO = {"prompt": "hello you there", "models": [OPENAI, OPENAI]}
TEN = "one two three four five six seven eight nine ten"
GIVEN_UP = {"error": "interrupted", "message": "The answer was given up before it was complete."}


@pytest.fixture
def stream(api, openai, opened):
    """Begin a stream of these scripts."""

    def begin(*scripts, **change):
        models = [{**OPENAI, "model": f"stub?{script}"} for script in scripts] or HELLO["models"]
        response = api.post(URL, {**HELLO, "models": models, **change})
        opened.append(response)
        assert response.status_code == 200, response.content
        return response

    return begin


def stored():
    return list(ComparisonResult.objects.order_by("index").values_list("response", "error"))


def of(received, index, event):
    return [each for each in received if each["event"] == event and each["index"] == index]


def until(received, event):
    """Read on to the first event of this kind."""
    return next(each for each in received if each["event"] == event)


# The grammar


@pytest.mark.django_db
def test_all_events(ann, api, anthropic, stream):
    received = events(stream(models=[OPENAI, {"provider": "anthropic", "model": "stub"}]))
    row = Comparison.objects.get(user=ann)
    results = api.get(f"/api/v1/comparisons/{row.pk}").json()["results"]
    assert [each["provider"] for each in results] == ["openai", "anthropic"]
    stream = {"stream_id": (pk := received[0]["stream_id"]), "url": f"/api/v1/compare/streams/{pk}"}
    assert received[0] == {"event": "start", "comparison_id": str(row.pk), "total": 2, **stream}
    assert received[-1] == {"event": "done", "comparison_id": str(row.pk)}
    for index, result in enumerate(results):
        assert of(received, index, "complete") == [{"event": "complete", **result}]
        assert "".join(each["chunk"] for each in of(received, index, "chunk")) == result["response"]
        assert result["response"] == "hello you there"
    kinds = {each["event"] for each in received}
    assert kinds == {"start", "chunk", "complete", "done"}


def test_a_chunk(stream):
    chunk = until(each_event(stream()), "chunk")
    assert 0 < chunk["time"] < 3
    assert chunk == {
        "event": "chunk",
        "index": chunk["index"],
        "provider": "openai",
        "model": "stub",
        "chunk": "hello ",
        "time": chunk["time"],
    }


@pytest.mark.django_db
def test_times_of_chunks_never_go_back(stream):
    received = events(stream("delay=0.03", "delay=0.02"))
    for index in (0, 1):
        times = [each["time"] for each in of(received, index, "chunk")]
        assert times == sorted(times)
        assert times[-1] <= of(received, index, "complete")[0]["time"]


def test_headers(stream):
    headers = stream().headers
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-cache", "no")


@pytest.mark.django_db
def test_it_is_never_compressed_whatever_is_accepted(api, openai):
    response = api.post(URL, HELLO, HTTP_ACCEPT="text/html", HTTP_ACCEPT_ENCODING="gzip, br")
    assert "Content-Encoding" not in response.headers
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert events(response)[-1]["event"] == "done"


@pytest.mark.django_db
def test_silence_is_filled_with_comments(stream, settings):
    settings.STREAM_HEARTBEAT = 0.05
    text = b"".join(stream("first=0.3", "first=0.3").streaming_content).decode()
    assert text.count(": ping\n\n") >= 2
    assert text.split("\n")[-3].startswith('data: {"event":"done"')


# Side by side


@pytest.mark.django_db
def test_chunks_interleave(stream):
    started = time.monotonic()
    received = events(stream("delay=0.05", "delay=0.05", prompt=TEN))
    took = time.monotonic() - started
    first_end = next(place for place, each in enumerate(received) if each["event"] == "complete")
    assert {each["index"] for each in received[:first_end] if each["event"] == "chunk"} == {0, 1}
    order = [each["index"] for each in received if each["event"] == "chunk"]
    changes = sum(one != other for one, other in pairwise(order))
    assert changes >= 8  # one after the other there is a single change
    assert took < 0.8  # nine pauses of each are 0.45 seconds, 0.9 one after the other


@pytest.mark.django_db
def test_four_take_as_long_as_the_slowest(stream):
    started = time.monotonic()
    received = events(stream("first=0.1", "first=0.2", "first=0.3", "first=0.4"))
    assert time.monotonic() - started < 0.8
    assert [each["index"] for each in received if each["event"] == "complete"] == [0, 1, 2, 3]


def test_results_are_stored_when_done_is_seen(stream):
    received = each_event(stream("delay=0.02", "cut=1"))
    assert until(received, "done")
    assert stored() == [("hello you there", ""), ("hello ", "provider_error")]


# One fails

FAILURES = [
    ("status=401", "", "api_key_refused"),
    ("hang=first", "", "provider_timeout"),
    ("hang=mid", "hello you ", "provider_timeout"),
    ("cut=2", "hello you ", "provider_error"),
    ("end=early", "hello you there", "provider_error"),
    ("garbage=1", "hello you ", "provider_error"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("script", "text", "code"), FAILURES)
def test_an_error_ends_one_answer_and_not_the_stream(stream, settings, script, text, code):
    settings.PROVIDER_READ_TIMEOUT = 0.3
    received = events(stream(script, "delay=0.05"))
    (failure,) = of(received, 0, "error")
    assert failure == {"event": "error", "index": 0, "error": code, "message": failure["message"]}
    assert failure["message"]
    assert of(received, 0, "complete") == of(received, 1, "error") == []
    assert "".join(each["chunk"] for each in of(received, 0, "chunk")) == text
    assert [each["response"] for each in of(received, 1, "complete")] == ["hello you there"]
    assert received[-1]["event"] == "done"
    assert stored() == [(text, code), ("hello you there", "")]


@pytest.mark.django_db
def test_a_missing_key_is_an_error_event(stream):
    Provider.objects.create(slug="keyless", name="Keyless", kind="openai")
    received = events(stream(models=[OPENAI, {"provider": "keyless", "model": "x"}]))
    message = "There is no API key for keyless: store one with PUT /api/v1/keys/keyless."
    assert of(received, 1, "error") == [
        {"event": "error", "index": 1, "error": "api_key_missing", "message": message},
    ]
    assert [each["event"] for each in received][-2:] == ["complete", "done"]


@pytest.mark.django_db
def test_all_fail(stream):
    received = events(stream("status=401", "cut=0"))
    assert [each["event"] for each in received] == ["start", "error", "error", "done"]


# A client that goes away and wants no more


def test_what_had_arrived_is_kept(api, stream, stub, settings):
    response = stream("reply=short", "delay=0.05&chunks=100", on_disconnect="stop")
    received = each_event(response)
    assert until(received, "complete")["index"] == 0
    while next(received)["event"] != "chunk":
        pass
    response.close()
    assert not holds_a_connection()
    comparison = api.get(f"/api/v1/comparisons/{Comparison.objects.get().pk}").json()
    whole, broken = comparison["results"]
    assert (whole["response"], whole["error"]) == ("short", None)
    assert (broken["response"][:6], broken["error"]) == ("hello ", GIVEN_UP)
    assert eventually(lambda: stub.cancelled == 1)
    assert free_slots() == settings.COMPLETION_SLOTS


def test_in_the_middle_of_a_silence(stream, stub, settings):
    settings.STREAM_HEARTBEAT = 0.05
    response = stream("hang=mid", "hang=mid", on_disconnect="stop")
    received = b""
    while not (received.count(b"you ") == 2 and received.endswith(b": ping\n\n")):
        received += next(response.streaming_content)
    response.close()
    assert stored() == [("hello you ", "interrupted")] * 2
    assert eventually(lambda: stub.cancelled == 2)


@pytest.mark.parametrize("started", [False, True])
def test_before_any_model_was_called(stream, stub, settings, started):
    response = stream(on_disconnect="stop")
    if started:
        assert next(each_event(response))["event"] == "start"
    response.close()
    assert stored() == [("", "interrupted")] * 2
    assert stub.requests == []
    assert free_slots() == settings.COMPLETION_SLOTS


def test_closing_after_the_end_changes_nothing(stream, stub):
    response = stream()
    assert events(response)[-1]["event"] == "done"
    response.close()
    assert stored() == [("hello you there", "")] * 2
    assert stub.cancelled == 0


def test_deleted_meanwhile(api, stream, settings):
    response = stream("delay=0.05", "delay=0.05")
    received = each_event(response)
    assert api.delete(f"/api/v1/comparisons/{next(received)['comparison_id']}").status_code == 204
    assert list(received)[-1]["event"] in ("done", "error")
    assert (Comparison.objects.count(), ComparisonResult.objects.count()) == (0, 0)
    assert free_slots() == settings.COMPLETION_SLOTS


# Slots and connections


@pytest.mark.django_db
def test_no_free_slot(api, openai, stub, settings):
    taken = [Slot() for _ in range(settings.COMPLETION_SLOTS)]
    try:
        response = api.post(URL, HELLO)
    finally:
        for slot in taken:
            slot.release()
    assert (response.status_code, response.json()["error"]) == (503, "server_busy")
    assert response.headers["Retry-After"] == "1"
    assert (Comparison.objects.count(), stub.requests) == (0, [])


def test_a_running_stream_holds_one(stream, settings):
    response = stream("hang=headers", "hang=headers", on_disconnect="stop")
    assert free_slots() == settings.COMPLETION_SLOTS - 1
    response.close()
    assert free_slots() == settings.COMPLETION_SLOTS


@pytest.mark.django_db
@pytest.mark.parametrize("script", ["reply=x", "cut=1", "status=401"])
def test_it_is_given_back_at_the_end(stream, settings, script):
    events(stream(script, "reply=y"))
    assert free_slots() == settings.COMPLETION_SLOTS


@pytest.mark.django_db
def test_what_is_known_beforehand_is_an_ordinary_error(api, openai, visitor, stub, settings):
    keyless = Provider.objects.create(slug="keyless", name="Keyless", kind="openai")
    response = api.post(URL, {**HELLO, "models": [{"provider": keyless.slug, "model": "x"}] * 2})
    assert (response.status_code, response.json()["error"]) == (409, "api_key_missing")
    assert response.headers["Content-Type"] == "application/json"
    assert visitor.post(URL, HELLO).status_code == 401
    assert (Comparison.objects.count(), stub.requests) == (0, [])
    assert free_slots() == settings.COMPLETION_SLOTS


def test_no_connection_is_held_while_streaming(stream):
    received = each_event(stream("delay=0.1", "delay=0.1", "delay=0.1", "delay=0.1"))
    while next(received)["event"] != "chunk":
        pass
    assert not holds_a_connection()
    assert checked_out() in (None, 1)  # the one that asks
    connection.close()
    assert until(received, "done")
    assert not holds_a_connection()
    assert checked_out() in (None, 1)
