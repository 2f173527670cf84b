"""Whether a model reasons, sees images and calls tools: by its id, and by its provider's own word."""

from dataclasses import dataclass

import pytest
from django.utils import timezone

from models_registry.catalogue.offline import VENDORS, entries
from models_registry.catalogue.reconcile import Changes, reconcile
from models_registry.catalogue.rules import Capabilities, capabilities
from models_registry.catalogue.sync import sync
from models_registry.models import LLMModel, Provider
from models_registry.providers.base import ListedModel

ALL, NOTHING_KNOWN = Capabilities(reasoning=True, vision=True, tools=True), Capabilities()
SEES_AND_CALLS = Capabilities(reasoning=False, vision=True, tools=True)
CALLS = Capabilities(reasoning=False, vision=False, tools=True)


@dataclass(frozen=True, slots=True)
class TellingModel(ListedModel):
    """A model of a list that tells what it can do."""

    reasoning: bool | None = None
    vision: bool | None = None
    tools: bool | None = None


@pytest.mark.parametrize(
    ("vendor", "model_id", "expected"),
    [
        ("openai", "gpt-5", ALL),
        ("openai", "gpt-5-mini-2025-08-07", ALL),
        ("openai", "gpt-6.1-sol", ALL),
        ("openai", "gpt-10", ALL),
        ("openai", "o3", ALL),
        ("openai", "o4-mini", ALL),
        ("openai", "o3-mini-2025-01-31", Capabilities(reasoning=True, vision=False, tools=True)),
        ("openai", "o1-preview", Capabilities(reasoning=True, vision=False, tools=False)),
        ("openai", "gpt-4o-2024-08-06", SEES_AND_CALLS),
        ("openai", "gpt-4.1-nano", SEES_AND_CALLS),
        ("openai", "gpt-4-turbo-2024-04-09", SEES_AND_CALLS),
        ("openai", "gpt-4-turbo-preview", CALLS),
        ("openai", "gpt-4-0125-preview", CALLS),
        ("openai", "gpt-4-0613", CALLS),
        ("openai", "gpt-3.5-turbo-0125", CALLS),
        ("openai", "chatgpt-4o-latest", Capabilities(reasoning=False, vision=True, tools=False)),
        ("openai", "gpt-5-chat-latest", Capabilities(vision=True)),
        ("openai", "gpt-5-search-api", NOTHING_KNOWN),
        ("openai", "gpt-4o-mini-search-preview", NOTHING_KNOWN),
        ("openai", "never-heard-of", NOTHING_KNOWN),
        ("anthropic", "claude-sonnet-4-5-20250929", ALL),
        ("anthropic", "claude-opus-5-5", ALL),
        ("anthropic", "claude-3-7-sonnet-latest", ALL),
        ("anthropic", "claude-3-5-haiku-latest", SEES_AND_CALLS),
        ("gemini", "gemini-2.5-flash-lite", ALL),
        ("gemini", "gemini-4-argon", ALL),
        ("gemini", "gemini-flash-latest", ALL),
        ("gemini", "gemini-2.0-flash-lite", SEES_AND_CALLS),
        ("gemini", "gemma-3-27b-it", Capabilities(reasoning=False, vision=True)),
        ("gemini", "gemma-3n-e4b-it", NOTHING_KNOWN),
        ("mistral", "magistral-medium-latest", Capabilities(reasoning=True)),
        ("mistral", "mistral-small-2506", SEES_AND_CALLS),
        ("mistral", "mistral-small-2603", ALL),
        ("mistral", "codestral-2508", CALLS),
        ("mistral", "mistral-large-4", NOTHING_KNOWN),
        ("openrouter", "openai/gpt-5", NOTHING_KNOWN),
        ("local", "gpt-5", NOTHING_KNOWN),
    ],
)
def test_what_an_id_tells(vendor, model_id, expected):
    assert capabilities(vendor, model_id) == expected


@pytest.mark.parametrize("vendor", VENDORS)
def test_most_of_the_catalogue_is_known(vendor):
    known = [any(can is not None for can in capabilities(vendor, model_id)) for model_id in entries(vendor)]
    assert sum(known) / len(known) > 0.9


@pytest.mark.django_db
def test_a_sync_stores_them(settings):
    settings.SYSTEM_API_KEYS = {}
    sync(providers=["openai"], check=False)
    four = LLMModel.objects.get(model_id="gpt-4o")
    assert (four.reasoning, four.vision, four.tools) == (False, True, True)


def told(provider, **item):
    """Reconcile with a list of one model, which tells this of itself, and read the row."""
    listing = {"gpt-4o": TellingModel("gpt-4o", **item)} if item else {"gpt-4o": ListedModel("gpt-4o")}
    reconcile(provider, listing, Changes(), now=timezone.now())
    row = LLMModel.objects.get(model_id="gpt-4o")
    return row.reasoning, row.vision, row.tools


@pytest.mark.django_db
def test_the_providers_word_counts_for_more():
    provider = Provider.objects.create(slug="openai", name="OpenAI", kind="openai")
    assert told(provider, reasoning=True, tools=False) == (True, True, False)
    reconcile(provider, None, Changes(), now=timezone.now())
    assert LLMModel.objects.get(model_id="gpt-4o").reasoning is True  # until it is asked again
    assert told(provider) == (False, True, True)


@pytest.mark.django_db
def test_of_a_gateway_only_its_own_word_counts():
    gateway = Provider.objects.create(slug="gateway", name="Gateway", kind="openai_compatible", base_url="http://x")
    assert told(gateway) == (None, None, None)
    assert told(gateway, vision=False, tools=True) == (None, False, True)
