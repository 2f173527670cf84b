"""Documents and streams of events, whatever was asked for, however they begin and end."""

import json

import pytest

from models_registry.errors import MalformedAnswer, ProviderError, StreamBroken
from models_registry.providers.base import ListedModel
from tests.models_registry.providers.helpers import ask, delta, document, drain, make, sse, whole

HI = {"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}
BEFORE = {"nothing": "", "blank lines": "\n\n \n", "a mark": "\ufeff", "both": "\ufeff\n"}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_document_answers_a_request_for_a_stream(stub, kind, before):
    answer = HI if kind == "openai" else {"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}
    stub.recordings["m"] = document(BEFORE[before] + json.dumps(answer))
    answered = whole(make(stub, kind), *ask("m"))
    assert (answered.text, answered.finish_reason) == ("Hi", "stop")


def test_a_document_under_the_type_of_a_stream(stub):
    stub.recordings["m"] = document(HI, content_type="text/event-stream")
    assert whole(make(stub, "openai"), *ask("m")).text == "Hi"


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("kind", ["text/event-stream", "application/json", "text/plain"])
def test_events_under_any_type(stub, kind, before):
    stub.recordings["m"] = sse(BEFORE[before], delta("Hi"), delta(finish="stop"), headers={"content-type": kind})
    assert whole(make(stub, "openai"), *ask("m")).text == "Hi"


def test_events_answer_a_request_for_a_document(stub):
    refusal = {"field": "stream", "message": "This model does not support streaming."}
    stub.recordings["m"] = {**sse(delta("Hi"), delta(finish="stop")), "refuse": refusal}
    assert whole(make(stub, "openai_compatible"), *ask("m")).text == "Hi"
    assert "stream" not in stub.requests[-1].body


def test_events_that_hold_whole_messages(stub):
    stub.recordings["m"] = sse(HI)
    assert whole(make(stub, "openai"), *ask("m")).text == "Hi"


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r"])
def test_the_last_event_counts_without_a_blank_line(stub, end):
    last = f"data: {json.dumps(delta('there', finish='stop'))}{end}"
    stub.recordings["m"] = sse(delta("Hi "), last, done=False)
    assert drain(make(stub, "openai").stream(*ask("m"))) == (["Hi ", "there"], None)


def test_an_event_cut_within_is_a_broken_answer(stub):
    stub.recordings["m"] = sse(delta("Hi "), 'data: {"choices": [{"ind', done=False)
    pieces, error = drain(make(stub, "openai").stream(*ask("m")))
    assert (pieces, type(error)) == (["Hi "], StreamBroken)


@pytest.mark.parametrize("status", [200, 400])
def test_the_text_of_an_error_in_json_is_not_lost(stub, status):
    stub.recordings["m"] = document('\ufeff\n{"error": {"message": "So it is."}}', status)
    with pytest.raises(ProviderError, match=r"^So it is\.$"):
        whole(make(stub, "openai"), *ask("m"))


MODELS = {
    "an array": ([{"id": "a"}], [ListedModel("a")]),
    "null": ({"data": None}, []),
    "an empty list": ({"data": []}, []),
    "under another name": ({"models": [{"id": "a"}]}, [ListedModel("a")]),
}


@pytest.mark.parametrize("shape", MODELS)
@pytest.mark.parametrize("kind", ["openai_compatible", "anthropic"])
def test_a_list_of_models(stub, kind, shape):
    stub.recordings["/v1/models"], expected = document(MODELS[shape][0]), MODELS[shape][1]
    assert make(stub, kind).list_models() == expected


def test_a_list_of_something_else_is_malformed(stub):
    stub.recordings["/v1/models"] = document({"data": {"id": "a"}})
    with pytest.raises(MalformedAnswer):
        make(stub, "openai").list_models()
