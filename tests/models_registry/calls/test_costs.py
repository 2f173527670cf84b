"""What calls cost: by the rates of genai-prices to its last digit, by staff's, and never less for more tokens."""

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from genai_prices import types
from genai_prices.data import providers
from hypothesis import given, settings
from hypothesis import strategies as st

from models_registry.calls.costs import CostSource, Hours, Rates, Tier, cost, price, rates_at, read_tiers, write_tiers
from models_registry.calls.usage import Usage, anthropic_usage, openai_usage
from models_registry.catalogue.offline import VENDORS, can_chat, entries, find
from models_registry.models import LLMModel
from tests.models_registry.calls.test_usage import ANTHROPIC, OPENAI, SHAPES

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PRICES = ("input_price", "output_price", "cache_read_price", "cache_write_price", "price_tiers")
PUBLISHED = {provider.id: provider for provider in providers}
SELLERS = {**VENDORS, **{slug: slug for slug in ("deepseek", "x-ai", "groq", "openrouter")}}
LEAVES = ("uncached", "read", "written", "hour", "output")
USD = Decimal


def registered(entry) -> LLMModel:
    """Make the row that a sync makes of an entry, its rates written and read as the database does."""
    values = {name: getattr(entry, name) for name in PRICES}
    values["price_tiers"] = json.loads(json.dumps(values["price_tiers"]))
    return LLMModel(source=LLMModel.Source.CATALOGUE, **values)


def published(slug):
    """List the models of a seller that can chat, each as the registry has it and as genai-prices does."""
    seller = PUBLISHED[SELLERS[slug]]
    ids = {*entries(slug, now=NOW), *(model.id for model in seller.models if can_chat(slug, model.id))}
    for model_id in sorted(ids):
        entry = find(slug, model_id, now=NOW)
        if entry is not None:
            yield model_id, registered(entry), seller.find_model(model_id, all_providers=providers)


MODELS = {slug: list(published(slug)) for slug in SELLERS}
THRESHOLDS = sorted(
    {int(tier["above"]) for rows in MODELS.values() for _, row, _ in rows for tier in row.price_tiers or []}
)
counts = st.integers(0, 60_000) | st.integers(0, 2_000_000)


def usage(*, uncached=0, read=0, written=0, hour=0, output=0, **parts) -> Usage:
    """Make a usage of counts that do not overlap."""
    return Usage(
        input_tokens=uncached + read + written + hour + parts.get("input_audio_tokens", 0),
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written + hour,
        cache_write_1h_tokens=hour,
        **parts,
    )


@st.composite
def usages(draw) -> Usage:
    """Draw a usage; the prompt often has just as many tokens as the last of a tier, or the first of the next."""
    read, written, hour, uncached, audio = (draw(counts) for _ in range(5))
    edge = draw(st.none() | st.sampled_from(THRESHOLDS))
    if edge:
        read, written, hour, audio = (part % (edge // 4) for part in (read, written, hour, audio))
        uncached = edge + draw(st.sampled_from([-1, 0, 1])) - read - written - hour - audio
    reasoning, spoken, text = (draw(st.integers(0, 100_000)) for _ in range(3))
    return usage(
        uncached=max(uncached, 0),
        read=read,
        written=written,
        hour=hour,
        output=reasoning + spoken + text,
        input_audio_tokens=audio,
        output_audio_tokens=spoken,
        reasoning_tokens=reasoning,
    )


def by_package(used: Usage, model: types.ModelInfo, at: datetime) -> Decimal:
    counted = types.Usage(
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cache_read_tokens=used.cache_read_tokens,
        cache_write_tokens=used.cache_write_tokens,
        cache_write_1h_tokens=used.cache_write_1h_tokens,
        input_audio_tokens=used.input_audio_tokens,
        output_audio_tokens=used.output_audio_tokens,
        output_reasoning_tokens=used.reasoning_tokens,
        cache_audio_read_tokens=0,
    )
    return model.get_prices(at).calc_price(counted)["total_price"]


def test_there_is_much_to_compare():
    assert {
        slug: len(rows) > least for slug, rows in MODELS.items() for least in [5 if slug != "openrouter" else 300]
    } == (dict.fromkeys(SELLERS, True))
    assert {100_000, 128_000, 200_000, 272_000} <= set(THRESHOLDS)
    for slug in VENDORS:
        assert entries(slug, now=NOW).keys() <= {model_id for model_id, _, _ in MODELS[slug]}


@pytest.mark.parametrize("slug", SELLERS)
@settings(max_examples=50, deadline=None)
@given(used=usages(), minute=st.integers(0, 24 * 60 - 1) | st.sampled_from([60, 240, 360, 600, 30, 990]))
def test_every_model_costs_what_the_package_says(slug, used, minute):
    at = NOW + timedelta(minutes=minute)
    for model_id, row, info in MODELS[slug]:
        rates = row.rates(used.input_tokens, at=at)
        if rates is not None:
            assert (model_id, cost(used, rates)) == (model_id, by_package(used, info, at))


@pytest.mark.parametrize("slug", SELLERS)
def test_no_price_is_lost(slug):
    for model_id, row, info in MODELS[slug]:
        prices = {name for name, price in vars(info.get_prices(NOW)).items() if price is not None}
        unknown = bool(prices) and not {"input_mtok", "output_mtok"} <= prices
        assert (model_id, row.rates(1) is None) == (model_id, unknown)


@settings(max_examples=40, deadline=None)
@given(before=st.fixed_dictionaries(dict.fromkeys(LEAVES, counts)), leaf=st.sampled_from(LEAVES), more=counts)
def test_more_tokens_never_cost_less(before, leaf, more):
    few, many = usage(**before), usage(**{**before, leaf: before[leaf] + more})
    for rows in MODELS.values():
        for model_id, row, _ in rows:
            if row.rates(0) is not None:
                low, high = (cost(used, row.rates(used.input_tokens, at=NOW)) for used in (few, many))
                assert low <= high, model_id


@settings(max_examples=40, deadline=None)
@given(used=st.fixed_dictionaries(dict.fromkeys(LEAVES, counts)))
def test_parts_add_up(used):
    whole = usage(**used)
    for rows in MODELS.values():
        for _, row, _ in rows:
            rates = row.rates(whole.input_tokens)
            if rates is not None:
                parts = [cost(usage(**{name: count}), rates) for name, count in used.items()]
                assert sum(parts) == cost(whole, rates)


# 20,000 tokens in, of which 18,000 from the cache, and 500 out; worked out by hand from the vendors' pages.
@pytest.mark.parametrize(
    ("vendor", "model_id", "usd"),
    [
        ("openai", "gpt-5", "0.00975"),  # 2,000 x 1.25 + 18,000 x 0.125 + 500 x 10
        ("gemini", "gemini-2.5-pro", "0.00975"),  # the same
        ("anthropic", "claude-sonnet-4-5", "0.0189"),  # 2,000 x 3 + 18,000 x 0.3 + 500 x 15
        ("openai", "gpt-4o", "0.0325"),  # 2,000 x 2.5 + 18,000 x 1.25 + 500 x 10
    ],
)
def test_most_of_the_prompt_from_the_cache(vendor, model_id, usd):
    used = Usage(input_tokens=20_000, output_tokens=500, cache_read_tokens=18_000)
    row = registered(find(vendor, model_id, now=NOW))
    assert cost(used, row.rates(20_000)) == Decimal(usd)


# docs/costs.md shows these: what is reported, and what it costs worked out by hand.
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
REPORTED = [
    ("openai", "gpt-5", openai_usage(OPENAI), "0.00975"),
    ("anthropic", "claude-sonnet-4-5", anthropic_usage(ANTHROPIC), "0.007953"),
    ("gemini", "gemini-2.5-pro", openai_usage(SHAPES["gemini"][0]), "0.010225"),
    ("mistral", "mistral-large-2512", openai_usage(SHAPES["mistral"][0]), "0.0000175"),
    ("deepseek", "deepseek-chat", openai_usage(SHAPES["deepseek"][0]), "0.0001458"),
    ("x-ai", "grok-4", openai_usage(SHAPES["xai"][0]), "0.011673"),
]


@pytest.mark.parametrize(("vendor", "model_id", "used", "usd"), REPORTED)
def test_a_reported_usage_costs_what_it_does_by_hand(vendor, model_id, used, usd):
    row = registered(find(vendor, model_id, now=NOW))
    assert price(row, used, estimated=False, at=NOON)[:2] == (Decimal(usd), CostSource.LIST)


def test_where_a_cost_comes_from():
    used, row = Usage(input_tokens=1, output_tokens=1), registered(find("openai", "gpt-5", now=NOW))
    own = openai_usage(SHAPES["openrouter"][0])
    assert price(row, own, estimated=False)[:2] == (Decimal("0.00495"), CostSource.VENDOR)
    assert price(row, used, estimated=True)[1] == CostSource.ESTIMATED
    assert price(None, used, estimated=False) == price(row, None, estimated=False) == (None, None, None)


def test_a_long_prompt_costs_more_for_all_its_tokens():
    row = registered(find("gemini", "gemini-2.5-pro", now=NOW))
    assert cost(Usage(input_tokens=200_000, output_tokens=1_000), row.rates(200_000)) == Decimal("0.26")
    assert cost(Usage(input_tokens=200_001, output_tokens=1_000), row.rates(200_001)) == Decimal("0.5150025")


def test_what_was_written_for_an_hour_costs_more():
    row = registered(find("anthropic", "claude-sonnet-4-5", now=NOW))
    used = Usage(input_tokens=3_000, output_tokens=0, cache_write_tokens=2_000, cache_write_1h_tokens=500)
    assert cost(used, row.rates(3_000)) == Decimal("0.011625")  # 1,000 x 3 + 1,500 x 3.75 + 500 x 6


def test_parts_that_exceed_the_whole_are_bounded_by_it():
    rates = Rates(USD(10), USD(10), cache_read=USD(1), cache_write=USD(20), cache_write_1h=USD(30))
    assert cost(Usage(input_tokens=100, output_tokens=0, cache_read_tokens=300), rates) == USD("0.0001")
    assert cost(Usage(input_tokens=100, output_tokens=0, cache_write_1h_tokens=60), rates) == USD("0.0022")
    used = Usage(input_tokens=100, output_tokens=0, cache_read_tokens=80, cache_write_tokens=90)
    assert cost(used, rates) == USD("0.00048")


def test_kinds_without_a_rate_of_their_own_cost_what_the_rest_does():
    used = usage(uncached=1, read=1, written=1, hour=1, output=3, input_audio_tokens=1, reasoning_tokens=1)
    assert cost(used, Rates(USD(2), USD(5))) == USD("0.000025")


def test_tiers_hold_until_staff_set_a_price_which_drops_them():
    tiers = write_tiers([Tier(0, Rates(USD(9), USD(9))), Tier(10, Rates(USD(99), USD(99)))])
    row = LLMModel(source="staff", input_price=USD(2), output_price=USD(8), cache_read_price=USD(1), price_tiers=tiers)
    assert row.rates(11) == Rates(USD(99), USD(99))
    assert row.rates(10) == Rates(USD(9), USD(9))
    row.price_tiers = None
    assert row.rates(1_000_000) == Rates(USD(2), USD(8), USD(1), None)


def test_without_tiers_the_prices_of_the_row_count():
    row = LLMModel(source="provider", input_price=USD(2), output_price=USD(8), cache_write_price=USD(3))
    assert row.rates(5) == Rates(USD(2), USD(8), None, USD(3))


@pytest.mark.parametrize("unknown", ["input_price", "output_price"])
def test_without_a_price_there_are_no_rates(unknown):
    row = registered(find("openai", "gpt-5", now=NOW))
    setattr(row, unknown, None)
    assert row.rates(5) is None


def test_tiers_are_written_and_read():
    tiers = [Tier(0, Rates(USD("1.25"), USD(10), cache_read=USD("0.125"))), Tier(200_000, Rates(USD("2.5"), USD(15)))]
    written = write_tiers(tiers)
    assert written == [
        {"above": "0", "input": "1.25", "output": "10", "cache_read": "0.125"},
        {"above": "200000", "input": "2.5", "output": "15"},
    ]
    assert read_tiers(written) == tiers
    assert [rates_at(tiers, length).input for length in (0, 200_000, 200_001)] == [USD("1.25"), USD("1.25"), USD("2.5")]


@pytest.mark.parametrize(
    ("hours", "moment", "price"),
    [
        (("01:00", "04:00"), "00:59", 1),
        (("01:00", "04:00"), "01:00", 2),
        (("01:00", "04:00"), "03:59", 2),
        (("01:00", "04:00"), "04:00", 1),
        (("22:00", "02:00"), "23:00", 2),
        (("22:00", "02:00"), "01:59", 2),
        (("22:00", "02:00"), "02:00", 1),
        (("22:00", "02:00"), "21:59", 1),
    ],
)
def test_rates_of_some_hours(hours, moment, price):
    start, end = map(time.fromisoformat, hours)
    tiers = [Tier(0, Rates(USD(1), USD(1))), Tier(0, Rates(USD(2), USD(2)), Hours(start, end))]
    assert read_tiers(write_tiers(tiers)) == tiers
    at = datetime.combine(NOW, time.fromisoformat(moment), UTC)
    assert rates_at(tiers, 5, at).input == price
    assert rates_at(tiers, 5, at.astimezone(timezone(timedelta(hours=5)))).input == price
    assert rates_at(tiers, 5).input == 1


def test_the_usage_is_left_as_it_is():
    used = usage(uncached=5, read=5, output=5)
    before = replace(used)
    cost(used, Rates(USD(1), USD(1)))
    assert used == before
