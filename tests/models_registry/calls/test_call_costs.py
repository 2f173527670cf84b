"""What calls are measured to have taken, over recorded answers of both wire formats."""

import json
import threading
import time
from decimal import Decimal

import pytest

from models_registry.calls.completion import Call, resolve
from models_registry.calls.costs import CostSource
from models_registry.errors import ProviderError
from models_registry.models import LLMModel
from models_registry.providers.base import Prompt, Reasoning, Turn
from perf.api.access import Access
from tests.helpers import eventually

pytestmark = pytest.mark.django_db

EVENTS = {"content-type": "text/event-stream"}


def openai_stream(*chunks, usage=None, pause=0.0):
    events = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in chunks]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return {"status": 200, "headers": EVENTS, "chunks": [*lines, "data: [DONE]\n\n"], "pause": pause}


def anthropic_stream(start, *texts, end=None, pause=0.0, kind="text"):
    block = {"type": f"{kind}_delta"}
    events = [
        {"type": "message_start", "message": {"usage": start}},
        *({"type": "content_block_delta", "index": 0, "delta": {**block, kind: text}} for text in texts),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": end},
        {"type": "message_stop"},
    ]
    return {
        "status": 200,
        "headers": EVENTS,
        "chunks": [f"data: {json.dumps(each)}\n\n" for each in events],
        "pause": pause,
    }


@pytest.fixture
def call(ann, stub, openai, anthropic):
    """Make a call of a model at 1 and 10 USD per million tokens that answers with a recording."""

    def make(provider, stream=None, whole=None, **options):
        stub.recordings["m"] = {name: answer for name, answer in (("stream", stream), ("whole", whole)) if answer}
        row = {"openai": openai, "anthropic": anthropic}[provider]
        prices = {"input_price": 1, "output_price": 10, "max_output_tokens": 9_000}
        LLMModel.objects.update_or_create(provider=row, model_id="m", defaults={"name": "m", **prices})
        prompt = Prompt(messages=[Turn("user", "one two three four")], **options)
        return Call(resolve(access=Access(ann.pk), provider=row, model="m"), prompt)

    return make


def counts(call):
    measured = call.measure()
    return measured.prompt_tokens, measured.completion_tokens, measured.cost, measured.estimated


def test_a_later_zero_leaves_the_prompt_as_it_was(call):
    made = call(
        "anthropic",
        anthropic_stream({"input_tokens": 1_500, "output_tokens": 1}, "x", end={"input_tokens": 0, "output_tokens": 9}),
    )
    assert list(made) == ["x"]
    assert counts(made) == (1_500, 9, Decimal("0.00159"), False)


def test_usage_split_over_events_is_put_together(call):
    start = {
        "input_tokens": 6,
        "cache_read_input_tokens": 9_000,
        "cache_creation_input_tokens": 1_000,
        "output_tokens": 1,
    }
    made = call("anthropic", anthropic_stream(start, "x", end={"output_tokens": 9}))
    list(made)
    measured = made.measure()
    assert (measured.prompt_tokens, measured.cache_read_tokens, measured.cache_write_tokens) == (10_006, 9_000, 1_000)


def test_a_stream_left_early_keeps_the_prompt_that_was_reported(call, stub):
    made = call(
        "anthropic", anthropic_stream({"input_tokens": 50_000, "output_tokens": 1}, *["word "] * 200, pause=0.005)
    )
    pieces = iter(made)
    for _ in range(20):
        next(pieces)
    made.close()
    list(pieces)
    prompt, completion, cost, estimated = counts(made)
    assert (prompt, estimated) == (50_000, True)
    assert 20 <= completion <= 34
    assert cost == (50_000 + completion * 10) / Decimal(1_000_000)
    assert made.measure().cost_source == CostSource.ESTIMATED
    assert eventually(lambda: stub.cancelled == 1)


def test_a_stream_left_before_the_first_piece_is_charged_its_prompt(call, stub):
    made = call("openai", openai_stream({"content": ""}, {"content": "x"}, pause=2))
    reader = threading.Thread(target=lambda: list(made))
    reader.start()
    assert eventually(lambda: stub.requests)
    time.sleep(0.2)  # until the provider's headers are read, which nobody is told of
    made.close()
    reader.join(5)
    assert counts(made) == (5, 0, Decimal("0.000005"), True)  # 18 characters, 4 to a token


@pytest.mark.parametrize("run", [Call.complete, list])
def test_a_refused_call_costs_nothing_that_is_known(call, run):
    refusal = {"status": 400, "headers": {}, "chunks": ['{"error": {"message": "too long"}}'], "length": True}
    made = call("openai", refusal, refusal)
    with pytest.raises(ProviderError):
        run(made)
    assert counts(made) == (None, None, None, False)
    assert made.measure().cost_source is None


def test_the_vendors_own_figure_is_believed(call):
    made = call(
        "openai", openai_stream({"content": "x"}, usage={"prompt_tokens": 9, "completion_tokens": 1, "cost": 0.00495})
    )
    list(made)
    measured = made.measure()
    assert (measured.cost, measured.cost_source, measured.input_price) == (Decimal("0.00495"), CostSource.VENDOR, None)


def test_the_rates_are_kept_with_the_cost(call):
    made = call("openai", openai_stream({"content": "x"}, usage={"prompt_tokens": 9, "completion_tokens": 1}))
    list(made)
    measured = made.measure()
    assert (measured.input_price, measured.output_price, measured.cost_source) == (1, 10, CostSource.REGISTRY)


def test_thoughts_in_the_total_alone_are_counted(call):
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 1_110}
    whole = {"choices": [{"message": {"content": "42"}, "finish_reason": "stop"}], "usage": usage}
    answer = {
        "status": 200,
        "headers": {"content-type": "application/json"},
        "chunks": [json.dumps(whole)],
        "length": True,
    }
    made = call("openai", whole=answer)
    made.complete()
    assert counts(made) == (100, 1_010, Decimal("0.0102"), False)
    assert made.measure().reasoning_tokens == 1_000


REASONING = {
    "deepseek": (
        "openai",
        openai_stream({"reasoning_content": "Hm, "}, {"reasoning_content": "so."}, {"content": "42"}),
    ),
    "openrouter": ("openai", openai_stream({"reasoning": "Hm, so.", "content": ""}, {"content": "42"})),
    "mistral": (
        "openai",
        openai_stream(
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm, so."}]}]},
            {"content": [{"type": "text", "text": "42"}]},
        ),
    ),
    "anthropic": ("anthropic", None),
}


@pytest.mark.parametrize("vendor", REASONING)
def test_reasoning_stays_apart_from_the_answer(call, vendor):
    provider, stream = REASONING[vendor]
    if stream is None:
        stream = anthropic_stream({"input_tokens": 1, "output_tokens": 1}, "Hm, so.", kind="thinking")
        stream["chunks"][2:2] = anthropic_stream({}, "42")["chunks"][1:2]
    made = call(provider, stream)
    pieces = list(made)
    assert (made.reasoning, made.text) == ("Hm, so.", "42")
    assert [type(piece) for piece in pieces][-2:] == [Reasoning, str]
    assert made.measure().ttft is not None


def test_reasoning_of_a_whole_answer(call):
    content = [{"type": "thinking", "thinking": "Hm.", "signature": "x"}, {"type": "text", "text": "42"}]
    whole = {"type": "message", "content": content, "usage": {"input_tokens": 1, "output_tokens": 2}}
    made = call("anthropic", whole={"status": 200, "headers": {}, "chunks": [json.dumps(whole)], "length": True})
    made.complete()
    assert (made.reasoning, made.text) == ("Hm.", "42")
