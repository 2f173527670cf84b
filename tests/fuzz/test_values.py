"""Values that clients make up or hand back: cursors, ETags, texts in exports and in streams."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conversations.completions.sse import sse
from conversations.models import Message
from models_registry.providers.reading.sse import EventParser
from tests.helpers import conversation, invalid

pytestmark = pytest.mark.django_db

LIST = "/api/v1/conversations"
NO_CURSOR = invalid(cursor="Not a cursor of this list.")
storable = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=60)


def quickly(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@pytest.fixture
def rows(ann):
    return [conversation(ann, title=f"{number}") for number in range(4)]


@quickly(100)
@given(text=storable)
def test_a_cursor_that_was_made_up_is_refused(api, rows, text):
    response = api.get(LIST, {"cursor": text})
    assert (response.status_code, response.json()) == (400, NO_CURSOR)


@quickly(100)
@given(data=st.data())
def test_a_cursor_that_was_changed_is_refused(api, rows, data):
    link = api.get(LIST, {"page_size": 2}).json()["next"]
    (cursor,) = parse_qs(urlsplit(link).query)["cursor"]
    place = data.draw(st.integers(0, len(cursor) - 1))
    changed = cursor[:place] + data.draw(st.sampled_from("aZ09-_:=.")) + cursor[place + data.draw(st.integers(0, 2)) :]
    response = api.get(LIST, {"page_size": 2, "cursor": changed})
    expected = 200 if changed == cursor else 400
    assert (response.status_code, response.json() == NO_CURSOR) == (expected, expected == 400)


@quickly(100)
@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
@example("*")
@example('W/"')
@example('"", W/"",,"')
def test_any_if_none_match_is_answered(api, rows, header):
    response = api.get(LIST, HTTP_IF_NONE_MATCH=header)
    assert response.status_code == (304 if header.strip() == "*" else 200)
    assert response.headers["ETag"]


@quickly(60)
@given(before=st.lists(st.sampled_from(['"x"', 'W/"y"', " ", '""']), max_size=4), weak=st.booleans())
def test_an_etag_among_others_is_found(api, rows, before, weak):
    etag = api.get(LIST).headers["ETag"]
    header = ", ".join([*before, f"W/{etag}" if weak else etag])
    response = api.get(LIST, HTTP_IF_NONE_MATCH=header)
    assert (response.status_code, response.content) == (304, b"")


@quickly(60)
@given(texts=st.lists(storable, min_size=1, max_size=4), title=storable)
def test_an_export_says_what_was_said(api, ann, texts, title):
    row = conversation(ann, title=title)
    fields = {"conversation": row, "role": "assistant", "provider": "openai", "model": "stub"}
    Message.objects.bulk_create(Message(content=text, **fields) for text in texts)
    exported = json.loads(api.get(f"{LIST}/{row.pk}/export?format=json").getvalue())
    assert exported["title"] == title
    assert [message["content"] for message in exported["messages"]] == texts


@quickly(200)
@given(texts=st.lists(storable, max_size=5), size=st.integers(1, 40))
def test_events_arrive_as_they_were_written(texts, size):
    stream = b"".join(sse({"event": "chunk", "content": text}, number) for number, text in enumerate(texts, 1))
    parser = EventParser()
    arrived = [data for at in range(0, len(stream), size) for data in parser.feed(stream[at : at + size])]
    assert [json.loads(data)["content"] for data in arrived] == texts
