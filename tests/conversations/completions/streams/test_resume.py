"""GET /chat/streams/{id}: an answer is followed by any number of readers, from anywhere in it."""

import time
from threading import Thread
from uuid import UUID, uuid4

import pytest

from conversations.completions.streams import answer, log, registry
from conversations.models import Message
from tests.conversations.completions.streams.helpers import LONG, events_of, ids, raw
from tests.helpers import closing_connection, each_event, error, events, eventually, free_slots, invalid

pytestmark = pytest.mark.django_db(transaction=True)


def test_events_are_numbered_from_one(stream):
    numbers = ids(raw(stream()))
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_place_is_a_place_to_go_on_from(stream, follow):
    response = stream(model=LONG)
    whole = raw(response)
    url = next(iter(events_of(whole)))["url"]
    parts = [part + b"\n\n" for part in whole.split(b"\n\n")[:-1]]
    for after in range(len(parts) + 1):
        assert raw(follow(url, after)) == b"".join(parts[after:])
    assert raw(follow(url)) == whole
    assert raw(follow(f"{url}?last_event_id={len(parts) - 1}")) == parts[-1]


def test_a_reader_that_left_goes_on_without_a_gap(stream, follow, stub):
    response = stream(model=LONG)
    first = b""
    while first.count(b'"chunk"') < 3:
        first += next(response.streaming_content)
    response.close()
    rest = raw(follow(events_of(first)[0]["url"], ids(first)[-1]))
    numbers = ids(first + rest)
    assert numbers == list(range(1, len(numbers) + 1))
    received = events_of(first + rest)
    answered = Message.objects.get(role="assistant")
    assert "".join(each["content"] for each in received if each["event"] == "chunk") == answered.content
    assert (received[-1]["event"], answered.status) == ("done", "complete")
    assert len(stub.requests) == 1


def test_it_is_finished_though_nobody_reads(stream, stub, settings):
    response = stream(model=LONG)
    next(response.streaming_content)
    response.close()
    assert eventually(lambda: Message.objects.filter(role="assistant", status="complete").exists(), 10)
    assert stub.cancelled == 0
    assert eventually(lambda: free_slots() == settings.COMPLETION_SLOTS)


def test_it_is_finished_though_nobody_ever_read(stream):
    stream().close()
    assert eventually(lambda: Message.objects.filter(role="assistant", status="complete").exists(), 10)


def test_the_setting_restores_what_was(stream, stub, settings):
    settings.ON_DISCONNECT = "stop"
    response = stream(model=LONG)
    received = each_event(response)
    while next(received)["event"] != "chunk":
        pass
    response.close()
    assert Message.objects.get(role="assistant").status == "interrupted"
    assert eventually(lambda: stub.cancelled == 1)


def test_a_request_may_ask_for_the_end_whatever_is_set(stream, settings):
    settings.ON_DISCONNECT = "stop"
    stream(on_disconnect="finish").close()
    assert eventually(lambda: Message.objects.filter(role="assistant", status="complete").exists(), 10)


def test_many_readers_at_once_see_the_same(stream, follow, api):
    response = stream(model=LONG)
    first = next(response.streaming_content)
    url = events_of(first)[0]["url"]
    texts = []
    threads = [Thread(target=closing_connection, args=(lambda: texts.append(raw(follow(url))),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    whole = first + raw(response)
    for thread in threads:
        thread.join(20)
    assert texts == [whole] * 4


def test_a_reader_that_stands_still_stops_nobody(stream, follow):
    response = stream(model=LONG)
    first = next(response.streaming_content)  # and then nothing is read of it
    assert events(follow(events_of(first)[0]["url"]))[-1]["event"] == "done"
    assert Message.objects.get(role="assistant").status == "complete"


def test_an_answer_whose_only_reader_stands_still_is_finished(stream, monkeypatch):
    monkeypatch.setattr(answer, "STANDSTILL", 0.1)
    response = stream(model=LONG)
    next(response.streaming_content)
    assert eventually(lambda: Message.objects.filter(role="assistant", status="complete").exists(), 15)


def test_followers_keep_an_answer_that_stops_without_readers(stream, follow, stub):
    response = stream(model=LONG, on_disconnect="stop")
    first = next(response.streaming_content)
    other = follow(events_of(first)[0]["url"])
    next(other.streaming_content)
    response.close()
    assert events(other)[-1]["event"] == "done"
    assert stub.cancelled == 0


def test_silence_is_filled_for_each_reader(stream, follow, settings):
    settings.STREAM_HEARTBEAT = 0.05
    response = stream(model="stub?first=0.5")
    first = next(response.streaming_content)
    text = b"".join(follow(events_of(first)[0]["url"]).streaming_content)
    assert text.count(b": ping\n\n") >= 3


# Whose it is, and how long


def test_a_foreign_stream_is_like_none(bob_api, stream, follow):
    url = events(stream())[0]["url"]
    foreign, none = follow(url, client=bob_api), follow(f"/api/v1/chat/streams/{uuid4()}", client=bob_api)
    message = "There is no such stream; if it has ended, its answer is kept where its `start` event said."
    assert (foreign.status_code, none.status_code) == (404, 404)
    assert foreign.json() == none.json() == error("stream_not_found", message)
    assert bob_api.post(f"{url}/stop").json() == foreign.json()


def test_a_chat_is_no_comparison(api, stream):
    url = events(stream())[0]["url"]
    assert api.get(url.replace("/chat/", "/compare/")).status_code == 404


def test_visitors_have_none(visitor, stream):
    assert visitor.get(events(stream())[0]["url"]).status_code == 401


def test_one_of_a_deleted_conversation_is_gone(api, stream):
    start = events(stream())[0]
    api.delete(f"/api/v1/conversations/{start['conversation_id']}")
    assert api.get(start["url"]).status_code == 404


def kept_here(user, url):
    """Return the answer that this process keeps; another one's copy may be in Redis."""
    return registry.find(UUID(url[-36:]), kind="chat", user_id=user.pk)


def test_it_is_forgotten_some_minutes_after_its_end(ann, follow, stream, settings):
    url = events(stream())[0]["url"]
    assert eventually(lambda: kept_here(ann, url).ended)
    registry.drop_old(time.monotonic() + settings.STREAM_KEEP_SECONDS - 5)
    assert follow(url).status_code == 200
    registry.drop_old(time.monotonic() + settings.STREAM_KEEP_SECONDS + 5)
    assert kept_here(ann, url) is None


def test_the_oldest_make_room(ann, stream, monkeypatch):
    urls = [events(stream())[0]["url"] for _ in range(3)]
    answers = [kept_here(ann, url) for url in urls]
    assert eventually(lambda: all(answer.ended for answer in answers))
    sizes = [answer.log.size for answer in answers]
    monkeypatch.setattr(registry, "KEPT_BYTES", sum(sizes[1:]))
    registry.drop_old(time.monotonic())
    assert [kept_here(ann, url) for url in urls] == [None, *answers[1:]]


def test_events_that_were_dropped_are_gone_and_the_rest_is_there(stream, follow, monkeypatch):
    monkeypatch.setattr(log, "MAX_EVENTS", 20)
    response = stream(model="stub?chunks=100&delay=0.001")
    received = events(response)
    start = received[0]
    gone = follow(start["url"], 3)
    place = {"conversation_id": start["conversation_id"], "question_id": start["question_id"]}
    assert (gone.status_code, gone.json()["error"], gone.json()["details"]) == (410, "events_gone", place)
    last = len(received)
    assert ids(raw(follow(start["url"], last - 5))) == list(range(last - 4, last + 1))


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "²", "9" * 19])
def test_what_is_no_number_of_an_event(stream, follow, after):
    response = follow(events(stream())[0]["url"], after)
    sentence = "Must be the `id` of an event, a whole number."
    assert (response.status_code, response.json()) == (400, invalid(last_event_id=sentence))


def test_an_event_that_is_not_there_yet(stream, follow):
    received = events(stream())
    assert follow(received[0]["url"], len(received) + 1).status_code == 410
    assert raw(follow(received[0]["url"], len(received))) == b""


def test_readers_hold_a_slot_and_are_bounded(stream, follow, settings, monkeypatch):
    monkeypatch.setattr(answer, "MAX_READERS", 2)
    response = stream(model="stub?hang=mid")
    url = events_of(next(response.streaming_content))[0]["url"]
    other = follow(url)
    assert free_slots() == settings.COMPLETION_SLOTS - 2
    refused = follow(url)
    assert (refused.status_code, refused.json()["error"]) == (429, "too_many_readers")
    other.close()
    assert free_slots() == settings.COMPLETION_SLOTS - 1
