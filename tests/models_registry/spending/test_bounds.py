"""The most that a call can cost: no tokenizer, tier, hour or kind of token makes it dearer."""

from dataclasses import replace
from decimal import Decimal

import pytest

from models_registry.calls.costs import cost
from models_registry.calls.usage import Usage, estimate_tokens
from models_registry.models import LLMModel
from models_registry.providers.base import Prompt, Tool, Turn
from models_registry.spending.budgets.bounds import OUTPUT_TOKENS, Ceiling, allowance, ceiling, most_input_tokens

TIERS = [
    {
        "above": "0",
        "input": "1",
        "output": "10",
        "cache_write": "1.25",
        "cache_write_1h": "2",
        "output_reasoning": "12",
    },
    {"above": "200000", "input": "2", "output": "20"},
    {"above": "0", "from": "16:30:00", "until": "00:30:00", "input": "0.5", "output": "30"},
]
RATES = Ceiling(Decimal(1), Decimal(10))
IMAGE = "data:image/png;base64," + "A" * 4_000_000


def model(**fields):
    return LLMModel(**{"input_price": Decimal(1), "output_price": Decimal(10), "source": "catalogue", **fields})


def allowed(of, asked, rates, left, **more):
    return allowance(of, asked, rates, Decimal(left), sent=most_input_tokens(asked), **more)


def prompt(text="hello", **fields):
    return Prompt(messages=[Turn("user", text)], **fields)


@pytest.mark.parametrize("text", ["", "a", "😀" * 500, "ein Wort", '"\\\n\0\ud800"', "漢字" * 300, "x" * 100_000])
def test_a_prompt_has_no_more_tokens_than_bytes(text):
    bound = most_input_tokens(prompt(text, system=text))
    assert bound > 2 * len(text.encode(errors="replace"))
    assert bound > 2 * estimate_tokens(text)


def test_the_dearest_rates_of_any_hour_and_length_it_can_have():
    tiered = model(price_tiers=TIERS)
    assert ceiling(tiered, 200_000) == (Decimal(2), Decimal(30))
    assert ceiling(tiered, 200_001) == (Decimal(2), Decimal(30))
    assert ceiling(model(price_tiers=TIERS[:2]), 200_000) == (Decimal(2), Decimal(12))
    assert ceiling(model(price_tiers=[TIERS[0], {**TIERS[1], "input": "5"}]), 200_001) == (Decimal(5), Decimal(20))


def test_the_prices_of_staff_are_those_of_the_row():
    own = model(price_tiers=TIERS, source="staff", cache_write_price=Decimal(3))
    assert ceiling(own, 300_000) == (Decimal(3), Decimal(10))


@pytest.mark.parametrize("unknown", [None, model(input_price=None), model(output_price=None)])
def test_a_price_that_is_unknown(unknown):
    assert ceiling(unknown, 10) is None


def test_the_bound_is_one():
    tiered = model(price_tiers=TIERS)
    asked = prompt("x" * 250_000, max_tokens=1_000)
    sent = most_input_tokens(asked)
    rates = ceiling(tiered, sent)
    most = allowed(tiered, asked, rates, 100).amount
    for used in (
        Usage(input_tokens=sent, output_tokens=1_000),
        Usage(input_tokens=sent, output_tokens=1_000, cache_write_tokens=sent, cache_write_1h_tokens=sent),
        Usage(input_tokens=150_000, output_tokens=1_000, reasoning_tokens=1_000),
    ):
        assert cost(used, tiered.rates(used.input_tokens)) <= most


@pytest.mark.parametrize(
    ("fields", "left", "tokens"),
    [
        ({"max_output_tokens": 64_000}, "10", 64_000),  # a quarter covers 249,000
        ({"max_output_tokens": 64_000}, "1", 24_966),
        ({"max_output_tokens": 64_000}, "0.1", OUTPUT_TOKENS),
        ({"max_output_tokens": 64_000}, "0.02", 1_966),
        ({}, "10", OUTPUT_TOKENS),
        ({"max_output_tokens": 1_000}, "10", 1_000),
        ({"max_output_tokens": 8_000, "context_window": 8_000}, "10", 7_741),
        ({"max_output_tokens": 100}, "10", 100),
    ],
)
def test_an_answer_without_a_limit_gets_one(fields, left, tokens):
    chosen = allowed(model(**fields), prompt(), RATES, left)
    assert chosen.max_tokens == pytest.approx(tokens, abs=40)
    assert chosen.amount <= Decimal(left)


def test_too_little_for_an_answer_is_refused():
    left = Decimal("0.002")
    assert allowed(model(), prompt(), RATES, left).amount > left
    thinking = replace(prompt(), reasoning_effort="low")
    assert allowed(model(), thinking, RATES, "0.01").amount > Decimal("0.01")
    assert allowed(model(), prompt(), RATES, "0.01").amount <= Decimal("0.01")


def test_the_limit_of_a_request_is_kept_or_refused():
    chosen = allowed(model(max_output_tokens=10), prompt(max_tokens=5_000), RATES, 0)
    assert chosen.max_tokens == 5_000
    assert chosen.amount > Decimal("0.05")


def test_a_free_answer_has_no_limit():
    assert allowed(model(), prompt(), Ceiling(Decimal(0), Decimal(0)), 0) == (None, 0)


def test_several_answers_cost_as_many_times():
    one, three = (allowed(model(), prompt(max_tokens=1_000), RATES, 1, answers=count).amount for count in (1, 3))
    assert three - one == Decimal("0.02")


@pytest.mark.parametrize(
    ("part", "least", "most"),
    [
        ({"type": "image_url", "image_url": {"url": IMAGE}}, 50_000, 101_000),
        ({"type": "image_url", "image_url": {"url": "https://x.example/i.png"}}, 50_000, 51_000),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}}, 50_000, 51_000),
        ({"type": "image", "media_type": "image/png", "data": IMAGE}, 50_000, 51_000),
        ({"type": "document", "source": {"type": "url", "url": "https://x.example/a.pdf"}}, 500_000, 501_000),
        ({"type": "document", "source": {"media_type": "application/pdf", "data": "A" * 9_000}}, 500_000, 501_000),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64," + "A" * 90_000}}, 500_000, 551_000),
        ({"type": "document", "media_type": "application/pdf", "file": "0" * 64, "size": 9}, 500_000, 501_000),
        ({"type": "image", "media_type": "image/png", "file": "0" * 64, "size": 9}, 50_000, 51_000),
        ({"type": "input_audio", "input_audio": {"data": "A" * 9_000, "format": "wav"}}, 9_000, 10_000),
        ({"type": "text", "text": "hello"}, 5, 800),
    ],
)
def test_images_and_files_of_a_request(part, least, most):
    body = {"model": "m", "n": None, "messages": [{"role": "user", "content": [part]}]}
    assert least <= most_input_tokens(body) <= most
    asked = Prompt(messages=[Turn("user", "x", [part])], tools=[Tool("f", "x", {"type": "object"})])
    assert least <= most_input_tokens(asked) <= most


def test_a_pdf_has_no_more_than_the_model_holds():
    part = {"type": "document", "media_type": "application/pdf", "file": "0" * 64, "size": 9}
    asked = Prompt(messages=[Turn("user", "x", [part])])
    assert 200_000 <= most_input_tokens(asked, 200_000) <= 201_000
