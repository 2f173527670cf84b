"""A model that a checked provider's own list lacks is 404 with the nearest names, before anything is stored."""

import pytest
from django.utils import timezone

from conversations.models import Comparison, Conversation, Message
from models_registry.catalogue.sync import sync
from models_registry.models import LLMModel, Provider
from tests.helpers import cache_state, error

pytestmark = pytest.mark.django_db(transaction=True)

LISTED = ["gpt-4o", "gpt-4o-mini", "gpt-4.1-2025-04-14", "o3-mini", "Zeta", "claude-x-20250929"]
TYPO = {"provider": "openai", "model": "gpt-4oo"}
KNOWN = {"provider": "openai", "model": "gpt-4o"}
SAID = error(
    "not_found",
    "openai has no model gpt-4oo. Did you mean gpt-4o or gpt-4o-mini? GET /api/v1/models?provider=openai lists them.",
    {"provider": "openai", "model": "gpt-4oo", "nearest": ["gpt-4o", "gpt-4o-mini"]},
)


@pytest.fixture
def checked(openai):
    LLMModel.objects.bulk_create(LLMModel(provider=openai, model_id=each, name=each) for each in LISTED)
    Provider.objects.update(checked_at=timezone.now())
    return openai


def nothing_is_stored():
    return not any(each.objects.exists() for each in (Conversation, Message, Comparison))


ASKED = {
    "chat": {**TYPO, "message": "hi"},
    "chat/stream": {**TYPO, "message": "hi"},
    "conversations": TYPO,
    "compare": {"prompt": "hi", "models": [KNOWN, TYPO]},
    "compare/stream": {"prompt": "hi", "models": [KNOWN, TYPO], "blind": True},
}


@pytest.mark.parametrize("path", ASKED)
def test_a_name_that_is_not_listed(api, checked, stub, path):
    response = api.post(f"/api/v1/{path}", ASKED[path])
    assert (response.status_code, response.json()) == (404, SAID)
    assert nothing_is_stored()
    assert list(stub.requests) == []


def test_a_conversation_goes_on_with_models_that_there_are(api, checked):
    begun = api.post("/api/v1/chat", {**KNOWN, "message": "hi"}).json()["conversation_id"]
    response = api.post("/api/v1/chat", {"conversation_id": begun, "model": "gpt-4oo", "message": "hi"})
    assert (response.status_code, response.json()) == (404, SAID)
    assert Message.objects.count() == 2


def test_a_judge_that_does_not_exist(api, checked):
    made = api.post("/api/v1/compare", {"prompt": "hi", "models": [KNOWN, KNOWN]}).json()["id"]
    response = api.post(f"/api/v1/comparisons/{made}/analyze", TYPO)
    assert (response.status_code, response.json()) == (404, SAID)


@pytest.mark.parametrize(
    ("model", "nearest"),
    [
        ("GPT-4O", ["gpt-4o", "gpt-4o-mini"]),
        ("zeta", ["Zeta"]),
        ("o3mini", ["o3-mini", "gpt-4o-mini"]),
        ("llama", []),
        ("gpt-4.2", ["gpt-4o"]),
    ],
)
def test_what_is_suggested(api, checked, model, nearest):
    details = api.post("/api/v1/conversations", {**TYPO, "model": model}).json()["details"]
    assert details["nearest"][: len(nearest)] == nearest
    assert len(details["nearest"]) <= 3


@pytest.mark.parametrize(
    "model", ["gpt-4.1", "gpt-4.1-latest", "claude-x", "claude-x-latest", "ft:gpt-4o:me::1", *LISTED]
)
def test_short_names_of_snapshots_and_models_of_ones_own_are_known(api, checked, model):
    response = api.post("/api/v1/chat", {**TYPO, "model": model, "message": "hi"})
    assert (response.status_code, response.json()["response"]) == (200, "hi")


def test_what_the_provider_withdrew_is_left_to_it(api, checked):
    LLMModel.objects.filter(model_id="gpt-4o").update(available=False)
    assert api.post("/api/v1/chat", {**KNOWN, "message": "hi"}).status_code == 200


@pytest.mark.parametrize("open_by", [{"checked_at": None}, {"kind": "openai_compatible"}])
def test_other_providers_take_any_name(api, checked, stub, open_by):
    Provider.objects.update(**open_by, base_url=stub.openai_url)
    assert api.post("/api/v1/chat", {**TYPO, "message": "hi"}).status_code == 200


def test_it_is_known_once_the_provider_lists_it(api, openai, stub):
    LLMModel.objects.all().delete()
    stub.openai_models = [{"id": "gpt-4o", "object": "model"}]
    sync(providers=["openai"])
    assert api.post("/api/v1/conversations", TYPO).status_code == 404
    stub.openai_models = [{"id": "gpt-4o", "object": "model"}, {"id": "gpt-4oo", "object": "model"}]
    sync(providers=["openai"])
    assert api.post("/api/v1/conversations", TYPO).status_code == 201


def test_the_second_time_it_costs_no_query(api, checked, django_assert_num_queries):
    cache_state(api)  # who asks is known
    api.post("/api/v1/conversations", TYPO)
    with django_assert_num_queries(0):
        assert api.post("/api/v1/conversations", TYPO).status_code == 404
