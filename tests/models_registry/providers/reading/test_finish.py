"""How an answer ended, in every vendor's words."""

import pytest

from models_registry.errors import ProviderError
from models_registry.providers.reading.finish import finish_reason
from tests.models_registry.providers.helpers import ask, delta, document, drain, make, sse, whole

WORDS = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "STOP": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "content_filter",
    "content-filter": "content_filter",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "sensitive": "content_filter",
    "refusal": "refusal",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "error": "error",
    "network_error": "error",
    "insufficient_system_resource": "error",
    "never heard of": None,
    "": None,
    None: None,
    7: None,
}


@pytest.mark.parametrize(("word", "reason"), WORDS.items())
def test_a_vendors_word(word, reason):
    assert finish_reason(word) == reason


@pytest.mark.parametrize("word", ["length", "SAFETY", "tool_calls", "refusal"])
@pytest.mark.parametrize("how", ["streamed", "whole"])
def test_openais_format(stub, word, how):
    choice = {"index": 0, "finish_reason": word}
    streamed = sse(delta("Hi"), delta(finish=word))
    stub.recordings["m"] = (
        streamed if how == "streamed" else document({"choices": [{**choice, "message": {"content": "Hi"}}]})
    )
    answer = whole(make(stub, "openai"), *ask("m"))
    assert (answer.text, answer.finish_reason) == ("Hi", finish_reason(word))


@pytest.mark.parametrize("word", ["max_tokens", "refusal", "end_turn", "pause_turn"])
@pytest.mark.parametrize("how", ["streamed", "whole"])
def test_anthropics_format(stub, word, how):
    events = [
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "message_delta", "delta": {"stop_reason": word}},
        {"type": "message_stop"},
    ]
    message = {"type": "message", "content": [{"type": "text", "text": "Hi"}], "stop_reason": word}
    stub.recordings["m"] = sse(*events, done=False) if how == "streamed" else document(message)
    answer = whole(make(stub, "anthropic"), *ask("m"))
    assert (answer.text, answer.finish_reason) == ("Hi", finish_reason(word))


def test_an_end_without_a_reason_is_unknown(stub):
    stub.recordings["m"] = sse(delta("Hi"))
    assert whole(make(stub, "openai"), *ask("m")).finish_reason is None


@pytest.mark.parametrize("how", ["streamed", "whole"])
def test_a_refusal_is_text_and_says_so(stub, how):
    message = {"content": None, "refusal": "I cannot."}
    stub.recordings["m"] = (
        sse(delta(None, refusal="I "), delta(None, refusal="cannot."), delta(finish="stop"))
        if how == "streamed"
        else document({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    )
    answer = whole(make(stub, "openai"), *ask("m"))
    assert (answer.text, answer.finish_reason) == ("I cannot.", "refusal")


@pytest.mark.parametrize("how", ["streamed", "whole"])
def test_only_the_choice_of_index_0_is_the_answer(stub, how):
    pieces = [{"index": 1, "delta": {"content": "XX"}, "finish_reason": "length"}]
    pieces.append({"index": 0, "delta": {"content": "Hi"}, "finish_reason": None})
    choices = [{"index": 1, "message": {"content": "XX"}}, {"index": 0, "message": {"content": "Hi"}}]
    stub.recordings["m"] = (
        sse({"choices": pieces}, {"choices": pieces[:1]}, delta(finish="stop"))
        if how == "streamed"
        else document({"choices": [{**choice, "finish_reason": "stop"} for choice in choices]})
    )
    answer = whole(make(stub, "openai"), *ask("m"))
    assert (answer.text, answer.finish_reason) == ("Hi", "stop")


ERRORS = {
    "in a flat object": {"object": "error", "message": "Queue full.", "code": 503},
    "as a type": {"type": "error", "message": "Queue full.", "code": 503},
    "in a field": {"error": {"message": "Queue full.", "code": 503}},
    "as a sentence in a field": {"error": "Queue full."},
    "as a sentence": {"message": "Queue full."},
    "as a detail": {"detail": "Queue full."},
    "in a choice": {"choices": [{"index": 0, "delta": {}, "error": {"message": "Queue full."}}]},
    "in an event": 'event: error\ndata: {"message": "Queue full."}\n\n',
    "in an event that is text": "event: error\ndata: Queue full.\n\n",
    "as llama.cpp writes it": 'error: {"code": 503, "message": "Queue full."}\n\n',
    "in a line that is no event": '{"error": {"message": "Queue full."}}\n\n',
}


@pytest.mark.parametrize("before", [[], [delta("Part")]])
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_an_error_in_a_stream_is_one_with_its_text(stub, kind, error, before):
    if kind == "anthropic":
        before = before and [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Part"}}]
        if error == "in a choice":
            pytest.skip("Anthropic has no choices.")
    stub.recordings["m"] = sse(*before, ERRORS[error])
    stream = make(stub, kind).stream(*ask("m"))
    pieces, failure = drain(stream)
    assert (pieces, str(failure), stream.finish_reason) == (["Part"] if before else [], "Queue full.", "error")


@pytest.mark.parametrize("error", [name for name, value in ERRORS.items() if isinstance(value, dict)])
def test_an_error_in_a_document_of_status_200(stub, error):
    stub.recordings["m"] = document(ERRORS[error] if error != "in a choice" else {"error": {"message": "Queue full."}})
    with pytest.raises(ProviderError, match=r"^Queue full\.$"):
        whole(make(stub, "openai_compatible"), *ask("m"))


@pytest.mark.parametrize("how", ["streamed", "whole"])
def test_an_error_as_the_reason_keeps_the_text(stub, how):
    stub.recordings["m"] = (
        sse(delta("Part", finish="error"))
        if how == "streamed"
        else document({"choices": [{"index": 0, "message": {"content": "Part"}, "finish_reason": "error"}]})
    )
    pieces, failure = drain(make(stub, "openai").stream(*ask("m")))
    assert (pieces, str(failure)) == (["Part"], "The provider ended its answer with an error (error).")
