"""What an endpoint refuses by name is left out or put in other words, once, and remembered."""

import pytest

from models_registry.errors import ProviderError
from models_registry.providers.asking.adapting import REMEMBERED, Dialect, Memory, memory
from tests.models_registry.providers.helpers import ask, document, drain, make, whole

ANSWER = {"choices": [{"message": {"content": "hello you there"}}]}
MESSAGE = {"content": [{"type": "text", "text": "hello you there"}], "stop_reason": "end_turn"}
ALL = {"temperature": 0.3, "max_tokens": 5_000, "system": "Be brief.", "reasoning_effort": "low"}
KIND = "openai_compatible"


@pytest.fixture(autouse=True)
def nothing_learnt():
    memory.forget()


def bodies(stub, kind=KIND, times=2, **options):
    """Ask twice; return what was sent."""
    for _ in range(times):
        assert whole(make(stub, kind), *ask("m", **options)).text.endswith("hello you there")
    return [request.body for request in stub.requests]


REFUSALS = {
    "temperature": (
        "Unsupported value: 'temperature' does not support 0.3 "
        "with this model. Only the default (1) value is supported."
    ),
    "temperature ": "invalid temperature: only 1 is allowed for this model",
    "stream_options": "Extra inputs are not permitted: stream_options",
    "stream_options ": "Unrecognized request argument supplied: stream_options",
    "reasoning_effort": 'Invalid JSON payload received. Unknown name "reasoning_effort": Cannot find field.',
    "reasoning_effort ": "property 'reasoning_effort' is unsupported",
    "stream": "Unsupported value: 'stream' does not support true with this model.",
    "stream ": "This model does not support streaming.",
}


@pytest.mark.parametrize("param", [True, None])
@pytest.mark.parametrize("field", REFUSALS)
def test_it_is_left_out(stub, field, param):
    name = field.strip()
    refusal = {"field": name, "message": REFUSALS[field]}
    stub.recordings["m"] = {"refuse": refusal if param else {**refusal, "param": None}}
    first, second, third = bodies(stub, **ALL)
    assert name in first
    assert (
        second
        == third
        == {
            key: value
            for key, value in first.items()
            if key != name and not (name == "stream" and key == "stream_options")
        }
    )


@pytest.mark.parametrize(
    ("kind", "refused", "other"),
    [(KIND, "max_tokens", "max_completion_tokens"), ("openai", "max_completion_tokens", "max_tokens")],
)
def test_the_maximum_goes_by_its_other_name(stub, kind, refused, other):
    message = f"Unsupported parameter: '{refused}' is not supported with this model. Use '{other}' instead."
    stub.recordings["m"] = {"refuse": {"field": refused, "message": message}}
    first, second, third = bodies(stub, kind, max_tokens=50)
    assert (first[refused], second[other], third[other]) == (50, 50, 50)
    assert refused not in second


@pytest.mark.parametrize(
    "message",
    [
        "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
        "System role not supported",
        "Developer instruction is not enabled for models/gemma-3-27b-it",
    ],
)
def test_the_system_prompt_goes_before_the_question(stub, message):
    stub.recordings["m"] = {"refuse": {"field": "system", "message": message, "param": None}}
    first, second, third = bodies(stub, system="Be brief.")
    assert [turn["role"] for turn in first["messages"]] == ["system", "user"]
    assert second["messages"] == third["messages"] == [{"role": "user", "content": "Be brief.\n\nhello you there"}]


def test_pydantics_places_are_read(stub):
    detail = {
        "detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs are not permitted"}]
    }
    stub.recordings["m"] = {
        "sequence": [
            document(detail, 422)["whole"],
            document(ANSWER)["whole"],
        ]
    }
    first, second = bodies(stub, times=1, temperature=0.3)
    assert ("temperature" in first, "temperature" in second) == (True, False)


def test_several_things_are_learnt_in_one_call(stub):
    refusals = [
        {"error": {"message": "not supported", "param": name}}
        for name in ("max_tokens", "temperature", "stream_options")
    ]
    answers = [document(refusal, 400)["whole"] for refusal in refusals]
    stub.recordings["m"] = {"sequence": [*answers, document(ANSWER)["whole"]]}
    last = bodies(stub, times=1, **ALL)[-1]
    assert set(last) == {"model", "messages", "stream", "max_completion_tokens", "reasoning_effort"}


NOT_REFUSED = {
    "a value out of its range": (400, "temperature must be less than or equal to 1", "temperature"),
    "something else": (400, "boom", None),
    "a key": (401, "temperature is not supported", "temperature"),
    "what was not sent": (400, "'top_k' is not supported with this model.", "top_k"),
    "the model": (404, "The model `m` does not exist", "model"),
    "the context": (400, "This model's maximum context length is 4096 tokens; 'max_tokens' is not supported", None),
}


@pytest.mark.parametrize("why", NOT_REFUSED)
def test_other_refusals_are_told_at_once(stub, why):
    status, message, param = NOT_REFUSED[why]
    stub.recordings["m"] = document({"error": {"message": message, "param": param}}, status)
    with pytest.raises(ProviderError) as raised:
        drain(make(stub, KIND).stream(*ask("m", temperature=0.3)))
    assert (str(raised.value), len(stub.requests)) == (message, 1)


def test_what_does_not_help_is_not_remembered(stub):
    stub.recordings["m"] = document({"error": {"message": "not supported", "param": "temperature"}}, 400)
    for _ in range(2):
        with pytest.raises(ProviderError, match=r"^not supported$"):
            drain(make(stub, KIND).stream(*ask("m", temperature=0.3)))
    assert ["temperature" in request.body for request in stub.requests] == [True, False] * 2


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-haiku-20241022",
        (
            "max_tokens is too large: 32000. This model supports at "
            "most 8192 completion tokens, whereas you provided 32000."
        ),
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
        "max_tokens must be less than or equal to 8,192",
    ],
)
def test_a_maximum_that_is_too_large_becomes_the_largest(stub, message):
    refusal = document({"type": "error", "error": {"type": "invalid_request_error", "message": message}}, 400)["whole"]
    answer = document(MESSAGE)["whole"]
    stub.recordings["m"] = {"sequence": [refusal, answer, answer]}
    assert [body["max_tokens"] for body in bodies(stub, "anthropic")] == [32_000, 8_192, 8_192]


def test_where_the_prompt_leaves_less_room_less_is_asked_for_this_once(stub):
    message = "input length and `max_tokens` exceed context limit: 188240 + 32000 > 200000, decrease either"
    refusal = document({"type": "error", "error": {"type": "invalid_request_error", "message": message}}, 400)["whole"]
    answer = document(MESSAGE)["whole"]
    stub.recordings["m"] = {"sequence": [refusal, answer, answer]}
    assert [body["max_tokens"] for body in bodies(stub, "anthropic")] == [32_000, 11_760, 32_000]


def test_it_is_known_of_one_model_of_one_provider(stub):
    stub.recordings["m"] = {"refuse": {"field": "temperature", "message": "not supported"}}
    bodies(stub, temperature=0.3, times=1)
    whole(make(stub, KIND), *ask("other", temperature=0.3))
    assert stub.requests[-1].body["temperature"] == 0.3


def test_the_oldest_are_forgotten():
    known = Memory()
    for number in range(REMEMBERED + 1):
        known.put("x", str(number), Dialect(limit=1))
    assert (known.get("x", "0"), known.get("x", "1").limit) == (Dialect(), 1)


def test_a_cached_system_prompt_is_folded_too():
    system, question = {"type": "text", "text": "Be brief."}, {"type": "text", "text": "Hi"}
    prompt = {"system": [system], "messages": [{"role": "user", "content": [question]}]}
    written = Dialect(frozenset({"system"})).write(prompt)
    assert written == {"messages": [{"role": "user", "content": [system, question]}]}
