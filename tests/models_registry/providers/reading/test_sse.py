from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.errors import MalformedAnswer
from models_registry.providers.reading import sse
from models_registry.providers.reading.sse import EventParser

TOKENS = [
    b"data: ",
    b"data:",
    b"data",
    b"event: x",
    b": note",
    b"id: 1",
    b"\n",
    b"\r\n",
    b"\r",
    b"a",
    b" ",
    "é😀".encode(),
    b"\xe2\x80\xa8",
]
streams = st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join)


def parse(stream: bytes, cuts: list[int] | None = None) -> list[bytes]:
    parser, edges = EventParser(), [0, *sorted(cuts or []), len(stream)]
    return [data for start, end in pairwise(edges) for data in parser.feed(stream[start:end])]


def specified(stream: bytes) -> list[bytes]:
    """Follow the algorithm of the specification, line by line; events with empty data are left out."""
    events, data = [], []
    lines = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for line in lines[:-1]:
        if not line:
            if any(data) or len(data) > 1:
                events.append(b"\n".join(data))
            data = []
            continue
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
    return events


@given(streams)
def test_it_follows_the_specification(stream):
    assert parse(stream) == specified(stream)


@given(streams, st.data())
def test_any_cut_gives_the_same_events(stream, data):
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=10))
    assert parse(stream, cuts) == parse(stream)


@given(streams)
def test_byte_by_byte_gives_the_same_events(stream):
    assert parse(stream, list(range(len(stream)))) == parse(stream)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_an_event_is_given_as_soon_as_its_blank_line_is_there(end):
    parser = EventParser()
    assert parser.feed(b"data: one" + end + end) == [b"one"]
    assert parser.feed(b"data: two" + end) == []
    assert parser.feed(end) == [b"two"]


def test_comments_and_other_fields_are_dropped_and_data_lines_are_joined():
    assert parse(b": ping\n\nevent: delta\ndata: a\nid: 7\ndata:b\n\n:\n\n") == [b"a\nb"]


def test_only_the_three_line_ends_count():
    text = "a\u2028b\u2029c\x85d\x0be\x0cf"
    assert parse(f"data: {text}\n\n".encode()) == [text.encode()]


def test_a_byte_order_mark_at_the_start_is_dropped():
    assert parse(b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", [1, 4]) == [b"a", b"b"]


def test_an_event_without_its_blank_line_is_none():
    assert parse(b"data: a\n\ndata: cut off\n") == [b"a"]


def test_a_large_event_in_many_chunks():
    parser, line = EventParser(), b"data: " + b"x" * 9_000_000 + b"\n\n"
    events = [event for start in range(0, len(line), 1_000) for event in parser.feed(line[start : start + 1_000])]
    assert events == [line[6:-2]]


@pytest.mark.parametrize("chunk", [b"x" * 100_000, b"data: y\n" * 10_000])
def test_an_endless_event_is_refused(chunk):
    parser = EventParser()
    for _ in range(sse.MAX_EVENT // len(chunk)):
        parser.feed(chunk)
    with pytest.raises(MalformedAnswer):
        parser.feed(chunk)
