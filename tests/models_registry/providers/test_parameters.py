"""Reasoning efforts and prompt caching as each vendor is asked for them, and what is refused."""

import pytest
from rest_framework.exceptions import ValidationError

from models_registry.calls.completion import Call, resolve
from models_registry.models import LLMModel
from models_registry.providers.base import Prompt, Turn
from perf.api.access import Access
from tests.models_registry.providers.helpers import ask, make, whole

LONG = "word " * 1_000


def sent(stub, kind, model, **options):
    whole(make(stub, kind), *ask(model, **options))
    return stub.requests[-1].body


@pytest.mark.parametrize("effort", ["minimal", "low", "medium", "high"])
@pytest.mark.parametrize("kind", ["openai", "gemini", "openai_compatible"])
def test_an_effort_by_its_name(stub, kind, effort):
    assert sent(stub, kind, "stub", reasoning_effort=effort)["reasoning_effort"] == effort


@pytest.mark.parametrize(("effort", "name"), [("minimal", "none"), ("high", "high")])
def test_an_effort_at_mistral(stub, effort, name):
    assert sent(stub, "mistral", "stub", reasoning_effort=effort)["reasoning_effort"] == name


@pytest.mark.parametrize(
    ("effort", "name"), [("minimal", "low"), ("low", "low"), ("medium", "medium"), ("high", "high")]
)
@pytest.mark.parametrize("model", ["claude-opus-4-6", "claude-sonnet-5", "claude-opus-4-7-20260401"])
def test_newer_claudes_think_by_an_effort(stub, model, effort, name):
    body = sent(stub, "anthropic", model, reasoning_effort=effort)
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": name}


@pytest.mark.parametrize(
    ("effort", "limit", "budget"), [("low", 8_192, 1_024), ("high", 64_000, 24_576), ("high", 8_192, 4_096)]
)
@pytest.mark.parametrize("model", ["claude-3-7-sonnet-20250219", "claude-sonnet-4-20250514", "claude-haiku-4-5"])
def test_older_claudes_think_within_a_budget(stub, model, effort, limit, budget):
    body = sent(stub, "anthropic", model, reasoning_effort=effort, max_tokens=limit)
    assert (body["thinking"], body["max_tokens"]) == ({"type": "enabled", "budget_tokens": budget}, limit)
    assert "output_config" not in body


@pytest.mark.parametrize(
    ("kind", "model", "options", "refused"),
    [
        ("mistral", "m", {}, "reasoning_effort"),
        ("echo", "echo-fast", {}, "reasoning_effort"),
        ("anthropic", "claude-sonnet-5", {"temperature": 0.5}, "temperature"),
        ("anthropic", "claude-opus-4-5", {"max_tokens": 2_047}, "max_tokens"),
    ],
)
def test_what_a_vendor_cannot_take_is_named(stub, kind, model, options, refused):
    prompt = Prompt(messages=[Turn("user", "x")], reasoning_effort="medium", **options)
    assert list(make(stub, kind).problems(model, prompt)) == [refused]


@pytest.mark.django_db
def test_a_model_that_does_not_reason_is_refused(ann, openai):
    LLMModel.objects.create(provider=openai, model_id="m", name="m", reasoning=False)
    resolved = resolve(access=Access(ann.pk), provider=openai, model="m")
    with pytest.raises(ValidationError) as error:
        Call(resolved, Prompt(messages=[Turn("user", "x")], reasoning_effort="low"))
    assert list(error.value.detail) == ["reasoning_effort"]


MARK = {"type": "ephemeral"}
TURNS = [Turn("user", LONG), Turn("assistant", "two"), Turn("user", "three")]


def test_the_last_stable_turn_is_cached(stub):
    whole(make(stub, "anthropic"), "stub", Prompt(messages=TURNS, system="Be brief.", cache=True))
    body = stub.requests[-1].body
    marked = {"type": "text", "text": "two", "cache_control": MARK}
    assert [turn["content"] for turn in body["messages"]] == [LONG, [marked], "three"]
    assert body["system"] == "Be brief."


def test_a_long_system_prompt_is_cached_from_the_first_question_on(stub):
    body = sent(stub, "anthropic", "stub", system=LONG, cache=True)
    assert body["system"] == [{"type": "text", "text": LONG, "cache_control": MARK}]
    assert body["messages"][0]["content"] == "hello you there"


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize("prompt", [Prompt(messages=TURNS), Prompt(messages=[Turn("user", "x")] * 3, cache=True)])
def test_nothing_is_marked_that_is_short_or_not_to_be_cached(stub, kind, prompt):
    whole(make(stub, kind), "stub", prompt)
    assert "cache_control" not in str(stub.requests[-1].body)
