"""The offline catalogue: who is in it, at which price, and which id of a provider's list means whom."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from models_registry.catalogue.offline import VENDORS, can_chat, entries, find

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("vendor", "model_id"),
    [
        ("openai", "gpt-4o"),
        ("openai", "gpt-6-sol"),
        ("openai", "chat-latest"),
        ("openai", "o3"),
        ("anthropic", "claude-sonnet-4-5"),
        ("anthropic", "claude-opus-5-5"),
        ("gemini", "gemini-2.5-flash-lite"),
        ("gemini", "gemma-4-31b-it"),
        ("mistral", "mistral-large-2512"),
        ("mistral", "codestral-latest"),
        ("mistral", "mistral-small-2506"),
        ("mistral", "voxtral-small-latest"),
    ],
)
def test_chat_models_are_in_the_catalogue(vendor, model_id):
    assert entries(vendor, now=NOW)[model_id].model_id == model_id


@pytest.mark.parametrize("vendor", VENDORS)
def test_entries_can_be_stored_and_called(vendor):
    for entry in entries(vendor, now=NOW).values():
        assert can_chat(vendor, entry.model_id)
        assert entry.name
        assert (entry.input_price is None) == (entry.output_price is None)


def test_other_providers_have_no_catalogue():
    assert entries("openrouter") == {}
    assert entries("local") == {}


@pytest.mark.parametrize(
    ("vendor", "model_id"),
    [
        ("openai", "text-embedding-3-small"),
        ("openai", "omni-moderation-latest"),
        ("openai", "dall-e-3"),
        ("openai", "gpt-image-1.5-2025-12-16"),
        ("openai", "chatgpt-image-latest"),
        ("openai", "sora-2"),
        ("openai", "tts-1-hd"),
        ("openai", "whisper-1"),
        ("openai", "gpt-4o-transcribe-diarize"),
        ("openai", "gpt-4o-audio-preview-2025-06-03"),
        ("openai", "gpt-realtime-mini"),
        ("openai", "gpt-live-1"),
        ("openai", "davinci-002"),
        ("openai", "gpt-3.5-turbo-instruct-0914"),
        ("openai", "gpt-5.1-codex-max"),
        ("openai", "gpt-5.4-pro-2026-03-05"),
        ("openai", "o3-pro"),
        ("openai", "o3-deep-research"),
        ("openai", "computer-use-preview"),
        ("openai", "gpt-oss-120b"),
        ("openai", "ft:gpt-4o"),
        ("openai", "gpt-4o-mini-2024-07-18.ft-"),
        ("openai", "gpt-4o:extended"),
        ("gemini", "gemini-embedding-001"),
        ("gemini", "gemini-2.5-flash-preview-tts"),
        ("gemini", "gemini-2.5-flash-image"),
        ("gemini", "gemini-2.5-flash-native-audio-latest"),
        ("gemini", "gemini-3.8-live-extended-thinking"),
        ("gemini", "gemini-omni-1.1-flash"),
        ("gemini", "nano-banana-pro-preview"),
        ("gemini", "gemini-robotics-er-2-streaming-preview"),
        ("gemini", "imagen-4.0-generate-001"),
        ("gemini", "veo-3.0-generate-001"),
        ("gemini", "aqa"),
        ("gemini", "gemini-flash-1.5"),
        ("gemini", "gemini-pro-1.5"),
        ("gemini", "gemma-3"),
        ("gemini", "claude-opus-5"),
        ("mistral", "mistral-embed"),
        ("mistral", "mistral-ocr-latest"),
        ("mistral", "mistral-moderation-2603"),
        ("mistral", "voxtral-mini-transcribe-realtime-2602"),
        ("mistral", "voxtral-mini-latest"),
        ("mistral", "mistral-nemo:free"),
        ("mistral", "zai-glm-5-3"),
        ("local", "nomic-embed-text:latest"),
        ("openrouter", "openai/text-embedding-3-small"),
    ],
)
def test_other_models_are_not_in_the_catalogue(vendor, model_id):
    assert not can_chat(vendor, model_id)
    assert model_id not in entries(vendor, now=NOW)


@pytest.mark.parametrize(
    ("vendor", "model_id"),
    [
        ("openai", "gpt-4o-2024-08-06"),
        ("openai", "gpt-5-search-api-2025-10-14"),
        ("openai", "gpt-7-never-heard-of"),
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("gemini", "gemini-2.5-pro-preview-05-06"),
        ("gemini", "gemma-3-27b-it"),
        ("gemini", "gemini-robotics-er-2-preview"),
        ("mistral", "open-mistral-nemo-2407"),
        ("mistral", "voxtral-small-2507"),
        ("openrouter", "google/gemini-2.5-flash-image"),
        ("openrouter", "openai/gpt-5-pro"),
        ("openrouter", "qwen/qwen3-coder:free"),
        ("local", "llama3.2:latest"),
    ],
)
def test_ids_of_chat_models_on_providers_lists(vendor, model_id):
    assert can_chat(vendor, model_id)


def test_a_tiered_price_is_its_first_tier():
    entry = entries("openai", now=NOW)["gpt-5.5"]
    assert (entry.input_price, entry.output_price) == (Decimal(5), Decimal(30))


def test_all_tiers_are_kept_whole():
    entry = entries("gemini", now=NOW)["gemini-2.5-pro"]
    assert (entry.cache_read_price, entry.cache_write_price) == (Decimal("0.125"), None)
    assert entry.price_tiers == [
        {"above": "0", "input": "1.25", "output": "10", "cache_read": "0.125"},
        {"above": "200000", "input": "2.5", "output": "15", "cache_read": "0.25"},
    ]


def test_prices_of_a_cache():
    entry = entries("anthropic", now=NOW)["claude-sonnet-4-5"]
    assert (entry.cache_read_price, entry.cache_write_price) == (Decimal("0.3"), Decimal("3.75"))
    assert entry.price_tiers[0]["cache_write_1h"] == "6"


def test_a_price_by_the_hour_is_kept_and_not_shown():
    peak = find("deepseek", "deepseek-chat", now=NOW.replace(hour=12))
    assert peak == find("deepseek", "deepseek-chat", now=NOW.replace(hour=20))
    assert peak.input_price == Decimal("0.135")
    assert [tier.get("from") for tier in peak.price_tiers] == [None, "00:30:00"]


def test_prices_are_those_of_the_day():
    before, after = (
        entries("gemini", now=datetime(year, month, 1, tzinfo=UTC)) for year, month in ((2026, 11), (2027, 1))
    )
    assert before["gemini-3.8-flash"].input_price == Decimal("0.75")
    assert after["gemini-3.8-flash"].input_price == Decimal("1.5")


def test_an_unknown_price_is_none():
    entry = find("openai", "text-embedding-3-small", now=NOW)
    assert (entry.output_price, entry.price_tiers) == (None, None)


def test_a_model_without_any_price_is_free():
    entry = entries("gemini", now=NOW)["gemma-4-31b-it"]
    assert (entry.input_price, entry.output_price, entry.cache_read_price) == (0, 0, None)
    assert entry.price_tiers == [{"above": "0", "input": "0", "output": "0"}]


def test_a_model_is_deprecated_until_it_is_shut_down():
    assert entries("gemini", now=datetime(2026, 11, 30, tzinfo=UTC))["gemini-2.5-pro"].deprecated
    assert "gemini-2.5-pro" not in entries("gemini", now=datetime(2026, 12, 1, tzinfo=UTC))
    assert entries("mistral", now=NOW)["devstral-2512"].deprecated


@pytest.mark.parametrize(
    ("provider", "model_id", "entry_id"),
    [
        ("openai", "gpt-4o-2024-08-06", "gpt-4o"),
        ("openai", "gpt-5.2-20251211", "gpt-5.2"),
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("gemini", "gemini-flash-latest", "gemini-3.8-flash"),
        ("mistral", "codestral-2501", "codestral-latest"),
        ("openrouter", "anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5"),
        ("groq", "llama-3.1-8b-instant", "llama-3.1-8b-instant"),
    ],
)
def test_an_id_is_resolved_to_its_entry(provider, model_id, entry_id):
    entry = find(provider, model_id, now=NOW)
    assert entry is not None
    assert entry.model_id == entry_id
    assert entry.input_price is not None


def test_an_unknown_id_or_provider_has_no_entry():
    assert find("openai", "stub") is None
    assert find("local", "gpt-4o") is None


def test_importing_loads_no_data_and_starts_no_updater():
    code = (
        "import sys, threading, models_registry.catalogue.offline as c; assert 'genai_prices.data' not in sys.modules;"
        "c.entries('openai'); assert threading.active_count() == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
