"""Streamed answers."""

import time

import pytest
from django.test import override_settings

from models_registry.calls.usage import Usage
from models_registry.errors import (
    APIKeyRefused,
    MalformedAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    StreamBroken,
)
from tests.helpers import eventually
from tests.models_registry.providers.helpers import KINDS, WIRES, ask, drain, make

EVERY = pytest.mark.parametrize("kind", KINDS)
EITHER = pytest.mark.parametrize("kind", WIRES)
WORDS = ["hello ", "you ", "there"]


@EVERY
def test_the_pieces_arrive_one_by_one(stub, kind):
    assert drain(make(stub, kind).stream(*ask())) == (WORDS, None)


@EVERY
def test_each_piece_is_given_as_soon_as_it_is_there(stub, kind):
    stream, started = make(stub, kind).stream(*ask("stub?delay=0.1")), time.monotonic()
    times = [time.monotonic() - started for _ in stream]
    assert times == pytest.approx([0, 0.1, 0.2], abs=0.08)


@EVERY
def test_usage_is_there_once_the_stream_ended(stub, kind):
    stream = make(stub, kind).stream(*ask("stub?usage=always" if kind == "mistral" else "stub"))
    list(stream)
    assert stream.usage == Usage(input_tokens=3, output_tokens=3)


@EVERY
def test_usage_that_is_not_reported_is_none(stub, kind):
    stream = make(stub, kind).stream(*ask("stub?usage=0"))
    assert (drain(stream), stream.usage) == ((WORDS, None), None)


def test_usage_is_asked_for_where_it_has_to_be(stub):
    for kind in KINDS:
        list(make(stub, kind).stream(*ask()))
    asked = {kind: received.body.get("stream_options") for kind, received in zip(KINDS, stub.requests, strict=True)}
    wanted = {"include_usage": True}
    assert asked == {
        "openai": wanted,
        "anthropic": None,
        "gemini": wanted,
        "mistral": None,
        "openai_compatible": wanted,
    }


@EITHER
@pytest.mark.parametrize("wire", ["lines=crlf", "lines=cr", "comments=1", "split=1", "split=7&lines=crlf&comments=1"])
def test_the_bytes_may_be_cut_and_dressed_in_any_way(stub, kind, wire):
    assert drain(make(stub, kind).stream(*ask(f"stub?{wire}", "héllo 😀 you"))) == (["héllo ", "😀 ", "you"], None)


@EITHER
def test_text_is_made_storable_and_split_pairs_are_joined(stub, kind):
    assert drain(make(stub, kind).stream(*ask("stub?reply=hi&nul=1&surrogate=1"))) == (["hi", "😀", "\ufffdx"], None)


@EITHER
def test_a_text_over_a_million_characters_is_cut_and_its_upstream_closed(stub, kind):
    pieces, error = drain(make(stub, kind).stream(*ask("stub?size=30000000")))
    assert len("".join(pieces)) == 1_000_000
    assert (type(error), str(error)) == (StreamBroken, "The answer was cut at 1,000,000 characters.")
    assert eventually(lambda: stub.cancelled == 1)


@EITHER
@pytest.mark.parametrize("script", ["end=early", "cut=3&chunks=5"])
def test_an_end_without_a_finish_is_broken(stub, kind, script):
    pieces, error = drain(make(stub, kind).stream(*ask(f"stub?{script}")))
    assert (pieces, type(error)) == (WORDS, StreamBroken)


def test_a_finish_reason_is_enough_without_done(stub):
    assert drain(make(stub, "openai").stream(*ask("stub?end=finish"))) == (WORDS, None)


def test_anthropic_is_not_complete_without_message_stop(stub):
    pieces, error = drain(make(stub, "anthropic").stream(*ask("stub?end=finish")))
    assert (pieces, type(error)) == (WORDS, StreamBroken)


@EITHER
def test_a_body_left_open_after_its_last_event_does_not_hold_the_answer_up(stub, kind):
    started = time.monotonic()
    assert drain(make(stub, kind).stream(*ask("stub?end=open"))) == (WORDS, None)
    assert time.monotonic() - started < 5


@EITHER
@pytest.mark.parametrize("garbage", ["1", "shape"])
def test_an_event_that_cannot_be_read_is_malformed(stub, kind, garbage):
    pieces, error = drain(make(stub, kind).stream(*ask(f"stub?garbage={garbage}")))
    assert (pieces, type(error)) == (WORDS[:2], MalformedAnswer)


@EITHER
def test_a_web_page_is_not_a_stream(stub, kind):
    pieces, error = drain(make(stub, kind).stream(*ask("stub?garbage=html")))
    assert (pieces, type(error)) == ([], MalformedAnswer)


@EITHER
@pytest.mark.parametrize(
    ("name", "expected", "status"),
    [
        ("overloaded_error", ProviderError, 529),
        ("rate_limit_error", ProviderRateLimited, 429),
        ("authentication_error", APIKeyRefused, 401),
    ],
)
def test_an_error_in_the_middle_is_typed(stub, kind, name, expected, status):
    pieces, error = drain(make(stub, kind).stream(*ask(f"stub?error={name}")))
    assert (pieces, type(error), str(error)) == (WORDS[:2], expected, "The stub broke off.")
    assert error.details == {"status": status}


@EITHER
@override_settings(PROVIDER_READ_TIMEOUT=0.2)
def test_silence_in_the_middle_is_a_timeout(stub, kind):
    pieces, error = drain(make(stub, kind).stream(*ask("stub?hang=mid")))
    assert (pieces, type(error)) == (WORDS[:2], ProviderTimeout)


def test_an_empty_answer_is_complete(stub):
    assert drain(make(stub, "openai").stream(*ask("stub?content=null"))) == ([], None)


@EITHER
def test_a_connection_is_reused_after_a_stream(stub, kind):
    client = make(stub, kind)
    list(client.stream(*ask()))
    before = stub.open_connections
    for _ in range(5):
        list(client.stream(*ask()))
    assert stub.open_connections <= before  # others may be given up meanwhile
