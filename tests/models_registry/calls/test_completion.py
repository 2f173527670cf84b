"""Measuring a call: tokens, cost and times, whole and streamed."""

import threading
import time
from decimal import Decimal

import pytest

from models_registry.calls.completion import Call, resolve
from models_registry.calls.costs import price
from models_registry.calls.usage import Usage
from models_registry.errors import EmptyAnswer, ProviderError, StreamBroken
from models_registry.models import LLMModel
from models_registry.providers.base import Prompt, Turn
from perf.api.access import Access

pytestmark = pytest.mark.django_db

PROMPT = "hello you there"


@pytest.fixture
def call(ann, openai):
    """Make a call of a model that costs 2.5 and 10 USD per million tokens."""

    def make(model="stub", provider=openai, **options):
        prices = {"input_price": Decimal("2.5"), "output_price": Decimal(10)}
        LLMModel.objects.get_or_create(provider=provider, model_id=model, defaults={"name": model, **prices})
        sent = Prompt(messages=[Turn("user", PROMPT)], **options)
        return Call(resolve(access=Access(ann.pk), provider=provider, model=model), sent)

    return make


@pytest.fixture(params=["whole", "streamed"])
def run(request):
    """Run a call to its end in one of two ways."""
    return Call.complete if request.param == "whole" else lambda call: [*call]


def counts(call):
    figures = call.measure()
    return figures.prompt_tokens, figures.completion_tokens, figures.cost, figures.estimated


def test_usage_as_the_provider_reports_it(call, run):
    made = call()
    run(made)
    assert (made.text, counts(made)) == (PROMPT, (3, 3, Decimal("0.0000375"), False))


def test_usage_is_estimated_where_it_is_not_reported(call, run):
    made = call("stub?usage=0", system="Be brief.")
    run(made)
    assert counts(made) == (6, 4, Decimal("0.000055"), True)  # 24 and 15 characters, 4 to a token


def test_an_empty_answer_costs_its_prompt_and_is_an_error(call, run):
    made = call("stub?usage=0&content=null")
    with pytest.raises(EmptyAnswer, match=r"^The model answered nothing\.$"):
        run(made)
    assert counts(made) == (4, 0, Decimal("0.00001"), True)


def test_a_price_that_is_not_known(call, run, openai):
    LLMModel.objects.filter(model_id="stub").update(output_price=None)
    made = call()
    run(made)
    assert made.measure().cost is None


def test_a_price_of_nothing(call, run):
    LLMModel.objects.filter(model_id="stub").update(input_price=0, output_price=0)
    made = call()
    run(made)
    assert made.measure().cost == 0


def test_a_model_that_is_not_registered(call, run):
    made = call()
    LLMModel.objects.all().delete()
    made = Call(resolve(access=Access(0), provider=made.model.provider, model="stub"), made.prompt)
    run(made)
    assert counts(made) == (3, 3, None, False)


def test_times_of_a_stream(call):
    made = call("stub?first=0.1&delay=0.1")
    assert [*made] == ["hello ", "you ", "there"]
    figures = made.measure()
    assert 0.1 <= figures.ttft <= figures.time - 0.15  # two more pieces, each after 0.1 seconds


def test_a_whole_answer_has_its_first_token_too(call):
    made = call("stub?first=0.1&delay=0.1")
    made.complete()
    figures = made.measure()
    assert 0.1 <= figures.ttft <= figures.time - 0.15


def test_a_whole_answer_that_is_cut_is_no_failure(call):
    made = call("stub?size=1000010")
    made.complete()
    assert (len(made.text), made.cut, made.finish_reason) == (1_000_000, True, "length")


def test_the_clock_stops_with_the_call(call, run):
    made = call()
    run(made)
    before = made.measure()
    time.sleep(0.02)
    assert made.measure() == before


def test_a_stream_that_breaks_is_measured_too(call):
    made = call("stub?cut=2&delay=0.02")
    with pytest.raises(ProviderError):
        list(made)
    assert (made.text, counts(made)) == ("hello you ", (4, 3, Decimal("0.00004"), True))


def test_a_failure_before_any_text(call, run):
    made = call("stub?status=400")
    with pytest.raises(ProviderError):
        run(made)
    figures = made.measure()
    assert (made.text, *counts(made), figures.ttft) == ("", None, None, None, False, None)


def test_closing_ends_the_iteration(call):
    made = call("stub?delay=0.05&chunks=100")
    pieces = []
    for piece in made:
        pieces.append(piece)
        made.close()
    assert (made.text, len(pieces)) == ("hello ", 1)


def test_closing_before_the_start(call, stub):
    made = call()
    made.close()
    assert ([*made], made.text) == ([], "")


@pytest.mark.parametrize("model", ["stub?hang=first", "stub?hang=mid"])
def test_a_whole_call_can_be_given_up_from_elsewhere(call, stub, model):
    made = call(model)
    threading.Timer(0.1, made.close).start()
    with pytest.raises(StreamBroken, match=r"^The server was stopped\.$"):
        made.complete()


def test_the_slow_echo_too(call, echo):
    made = call("echo-slow", echo)
    threading.Timer(0.02, made.close).start()
    with pytest.raises(StreamBroken, match=r"^The server was stopped\.$"):
        made.complete()


def test_where_a_limit_is_wanted_the_models_own_is_taken(call, anthropic, stub):
    call(provider=anthropic).complete()
    assert stub.requests[-1].body["max_tokens"] == 8192
    call(provider=anthropic, max_tokens=5).complete()
    assert stub.requests[-1].body["max_tokens"] == 5


def test_where_none_is_wanted_none_is_sent(call, openai, stub):
    LLMModel.objects.filter(provider=openai).update(max_output_tokens=8192)
    call().complete()
    assert set(stub.requests[-1].body) == {"model", "messages", "stream", "stream_options"}


@pytest.mark.parametrize(
    ("input_price", "output_price", "cost"),
    [
        ("2.5", "10", "0.0000375"),
        ("0.000001", "0.000001", "0.000000000006"),
        ("0.1", "0.2", "0.0000009"),
        ("75", "150", "0.000675"),
    ],
)
def test_costs_are_decimals(openai, input_price, output_price, cost):
    model = LLMModel(provider=openai, input_price=Decimal(input_price), output_price=Decimal(output_price))
    assert price(model, Usage(input_tokens=3, output_tokens=3), estimated=False)[0] == Decimal(cost)
