"""Usage as vendors report it, in each wire format, from recorded shapes."""

from decimal import Decimal

import pytest
from genai_prices import extract_usage
from hypothesis import given
from hypothesis import strategies as st

from models_registry.calls.usage import Counts, Usage, anthropic_usage, count, estimate_tokens, openai_usage

OPENAI = {
    "prompt_tokens": 20_000,
    "completion_tokens": 500,
    "total_tokens": 20_500,
    "prompt_tokens_details": {"cached_tokens": 18_000, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 320, "audio_tokens": 0, "accepted_prediction_tokens": 0},
}
ANTHROPIC = {
    "input_tokens": 6,
    "output_tokens": 9,
    "cache_read_input_tokens": 9_000,
    "cache_creation_input_tokens": 1_000,
    "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
}
SHAPES = {
    "openai": (
        OPENAI,
        {"cache_read_tokens": 18_000, "reasoning_tokens": 320, "input_audio_tokens": 0, "output_audio_tokens": 0},
    ),
    # ai.google.dev/gemini-api/docs/openai: thoughts are in the total alone
    "gemini": ({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 1_110}, {"reasoning_tokens": 1_000}),
    # docs.mistral.ai/api
    "mistral": ({"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}, {}),
    # api-docs.deepseek.com/api/create-chat-completion
    "deepseek": (
        {
            "prompt_tokens": 1_000,
            "completion_tokens": 50,
            "total_tokens": 1_050,
            "prompt_cache_hit_tokens": 896,
            "prompt_cache_miss_tokens": 104,
        },
        {"cache_read_tokens": 896},
    ),
    # docs.x.ai/docs/guides/reasoning: reasoning stands beside the completion
    "xai": (
        {
            "prompt_tokens": 37,
            "completion_tokens": 530,
            "total_tokens": 809,
            "prompt_tokens_details": {"text_tokens": 37, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 8},
            "completion_tokens_details": {"reasoning_tokens": 242, "audio_tokens": 0},
        },
        {
            "cache_read_tokens": 8,
            "reasoning_tokens": 242,
            "input_audio_tokens": 0,
            "output_audio_tokens": 0,
            "input_image_tokens": 0,
        },
    ),
    # openrouter.ai/docs/use-cases/usage-accounting
    "openrouter": (
        {
            "prompt_tokens": 194,
            "completion_tokens": 2,
            "total_tokens": 196,
            "cost": 0.00495,
            "is_byok": False,
            "cost_details": {"upstream_inference_cost": None},
            "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 100},
        },
        {"cache_read_tokens": 0, "cache_write_tokens": 100, "cost": Decimal("0.00495")},
    ),
    "own key at openrouter": (
        {
            "prompt_tokens": 9,
            "completion_tokens": 1,
            "cost": 0.001,
            "is_byok": True,
            "cost_details": {"upstream_inference_cost": 0.02},
        },
        {"cost": Decimal("0.021")},
    ),
    # docs.perplexity.ai/api-reference/chat-completions-post
    "perplexity": (
        {"prompt_tokens": 8, "completion_tokens": 439, "total_tokens": 447, "cost": {"total_cost": 0.006}},
        {"cost": Decimal("0.006")},
    ),
    # github.com/ollama/ollama/blob/main/openai/openai.go
    "ollama": ({"prompt_tokens": 26, "completion_tokens": 298, "total_tokens": 324}, {}),
    # docs.vllm.ai: null where nothing was cached
    "vllm": ({"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12, "prompt_tokens_details": None}, {}),
    "floats": ({"prompt_tokens": 12.0, "completion_tokens": 3.0, "total_tokens": 15.0}, {}),
}
TOTALS = {"gemini": (100, 1_010), "xai": (37, 772)}


@pytest.mark.parametrize("vendor", SHAPES)
def test_it_reads_what_a_vendor_reports(vendor):
    reported, parts = SHAPES[vendor]
    prompt, completion = TOTALS.get(vendor, (reported["prompt_tokens"], reported["completion_tokens"]))
    assert openai_usage(reported) == Usage(input_tokens=prompt, output_tokens=completion, **parts)


def test_anthropic_counts_what_went_through_a_cache_apart():
    assert anthropic_usage(ANTHROPIC) == Usage(
        input_tokens=10_006,
        output_tokens=9,
        cache_read_tokens=9_000,
        cache_write_tokens=1_000,
        cache_write_1h_tokens=600,
    )


@pytest.mark.parametrize(
    ("vendor", "flavor", "reported", "read"),
    [
        ("openai", "chat", OPENAI, openai_usage),
        ("x-ai", "chat", SHAPES["xai"][0], openai_usage),
        ("anthropic", "default", ANTHROPIC, anthropic_usage),
        ("openrouter", "chat", SHAPES["openrouter"][0], openai_usage),
    ],
)
def test_genai_prices_reads_the_same(vendor, flavor, reported, read):
    theirs = extract_usage({"usage": reported}, provider_id=vendor, api_flavor=flavor).usage
    ours = read(reported)
    assert (theirs.input_tokens, theirs.output_tokens) == (ours.input_tokens, ours.output_tokens)
    for name in ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"):
        assert theirs.reported_value(name) == (getattr(ours, name) or 0)


def test_a_prompt_alone_is_kept():
    assert openai_usage({"prompt_tokens": 12}) == Usage(input_tokens=12, output_tokens=None)
    assert openai_usage({"prompt_tokens": 12, "total_tokens": 15}) == Usage(input_tokens=12, output_tokens=3)


@pytest.mark.parametrize("usage", [None, [], "x", {}, {"prompt_tokens": None}, {"prompt_tokens": True}])
def test_what_is_no_usage(usage):
    assert openai_usage(usage) is anthropic_usage(usage) is None


@pytest.mark.parametrize("cost", [True, "0.1", -1, float("nan"), float("inf"), 2_000_000, {}, None])
def test_what_is_no_cost(cost):
    assert openai_usage({"prompt_tokens": 1, "completion_tokens": 1, "cost": cost}).cost is None


@pytest.mark.parametrize(
    ("value", "counted"), [(0, 0), (7, 7), (7.0, 7), (7.5, None), (-1, None), (2**31, None), ("7", None)]
)
def test_what_is_a_count(value, counted):
    assert count(value) == counted


def test_a_later_zero_replaces_no_count():
    counts = Counts()
    for usage in ({"input_tokens": 1_500, "output_tokens": 1}, {"input_tokens": 0, "output_tokens": 9}, None, "x"):
        counts.add(usage)
    assert anthropic_usage(counts) == Usage(input_tokens=1_500, output_tokens=9)


def test_a_later_count_replaces_a_zero():
    counts = Counts()
    counts.add({"input_tokens": 0, "output_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 5}})
    counts.add(
        {"input_tokens": 123, "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 0}}
    )
    read = anthropic_usage(counts)
    assert (read.input_tokens, read.cache_write_tokens, read.cache_write_1h_tokens) == (130, 7, 5)


REPORTED = st.dictionaries(
    st.sampled_from(["prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "cost"]),
    st.none() | st.integers() | st.floats() | st.sampled_from(["", "7"]) | st.booleans(),
) | st.dictionaries(
    st.sampled_from(["prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details"]),
    st.integers(0, 10**12) | st.dictionaries(st.sampled_from(["cached_tokens", "reasoning_tokens"]), st.integers()),
)


@given(REPORTED)
def test_whatever_is_reported_parts_never_exceed_the_whole(usage):
    for read in (openai_usage(usage), anthropic_usage(usage)):
        if read is not None:
            assert (read.cache_read_tokens or 0) <= read.input_tokens
            assert (read.reasoning_tokens or 0) <= (read.output_tokens or 0)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("", 0, 0),
        ("word " * 20, 20, 30),
        ("数据库性能问题" * 20, 84, 140),
        ("昨日の病院は機能していない" * 10, 80, 130),
        ("안녕하세요, 제 이름은 GPT-4o입니다.", 10, 25),
        ("Привет, меня зовут GPT-4o. Я — новая языковая модель", 15, 26),
        ("🚀" * 10, 7, 30),
    ],
)
def test_estimates_know_scripts(text, least, most):
    assert least <= estimate_tokens(text) <= most
