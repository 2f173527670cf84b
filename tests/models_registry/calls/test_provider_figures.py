"""Calls of models are taken down where they end: tokens, cost, time to first token, and how they ended."""

from decimal import Decimal

import pytest

from models_registry.calls.completion import Call, resolve
from models_registry.calls.figures import CALLS, model_rows
from models_registry.errors import ProviderError
from models_registry.providers.base import Prompt, Turn
from perf.api.access import Access
from perf.timing import figures, recorder

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(ann, openai):
    """Return a function that makes a call of a scripted model."""

    def make(model="stub"):
        resolved = resolve(access=Access(ann.pk), provider=openai, model=model)
        return Call(resolved, Prompt(messages=[Turn("user", "one two three")]))

    return make


def outcomes():
    return {key[1:]: series.count for key, series in recorder.snapshot().of(CALLS).items()}


def test_a_whole_answer(call):
    made = call()
    made.complete()
    (row,) = model_rows(figures.load().total)
    known = made.measure()
    assert (row.provider, row.model, row.times.count, row.failed) == ("openai", "stub", 1, 0)
    assert (row.prompt_tokens, row.completion_tokens) == (known.prompt_tokens, known.completion_tokens)
    assert (row.cost, row.priced) == (known.cost, 1)
    assert known.cost > Decimal(0)
    assert row.first_token.count == 1


def test_a_stream(call):
    made = call()
    assert "".join(made) == made.text
    (row,) = model_rows(figures.load().total)
    assert row.first_token.count == 1
    assert row.first_token.total == pytest.approx(made.measure().ttft)
    assert row.times.total == pytest.approx(made.measure().time)


def test_a_failure_cost_nothing(call):
    with pytest.raises(ProviderError):
        call("stub?status=400").complete()
    (row,) = model_rows(figures.load().total)
    assert (row.failed, row.prompt_tokens, row.completion_tokens, row.cost, row.priced) == (1, 0, 0, Decimal(0), 0)


def test_whoever_leaves_is_no_failure(call):
    made = call()
    for _ in made:
        made.close()
        break
    assert outcomes() == {("stub", "left"): 1}
