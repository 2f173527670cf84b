"""Models in the admin: switching them off and on, correcting them, and giving them back to the catalogue."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from conversations.models import Comparison, Conversation
from models_registry.catalogue.sync import sync
from models_registry.models import LLMModel, Provider

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/admin/models_registry/llmmodel/"
TIERED = {"provider__slug": "gemini", "model_id": "gemini-2.5-pro"}


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def tiered() -> LLMModel:
    """Return a model of the catalogue whose price depends on the length of the prompt."""
    sync(check=False)
    model = LLMModel.objects.get(**TIERED)
    assert len(model.price_tiers) > 1
    return model


def act(desk, action, *models):
    chosen = {"action": action, "_selected_action": [str(each.pk) for each in models]}
    return [str(message) for message in desk.post(URL, chosen, follow=True).context["messages"]]


def save(desk, model, **changed):
    """Save the form of a model as it is shown, but for these values."""
    url = reverse("admin:models_registry_llmmodel_change", args=[model.pk])
    initial = desk.get(url).context["adminform"].form.initial
    values = {name: "" if value is None else value for name, value in initial.items() if value is not False}
    values |= {name: {None: "unknown", True: "true", False: "false"}[initial[name]] for name in ("reasoning", "vision")}
    values["tools"] = {None: "unknown", True: "true", False: "false"}[initial["tools"]]
    response = desk.post(url, {**values, **changed})
    assert response.status_code == 302, response.content
    model.refresh_from_db()


def chat(api, **more):
    return api.post("/api/v1/chat", {"provider": "openai", "model": "stub", "message": "hello", **more})


def test_a_deactivated_model_is_refused_before_anything_is_stored(desk, api, openai, stub):
    kept = chat(api).json()["conversation_id"]
    LLMModel.objects.create(provider=openai, model_id="stub-2", name="Another")
    (said,) = act(desk, "deactivate", openai.models.get(model_id="stub"))
    assert said == "Deactivated 1 model."
    asked = len(stub.requests)
    refused = chat(api)
    assert (refused.status_code, refused.json()) == (
        409,
        {
            "error": "model_deactivated",
            "message": "This server no longer offers stub of openai. Use another model, for example stub-2.",
            "details": {"provider": "openai", "model": "stub", "nearest": ["stub-2"]},
        },
    )
    compared = {"prompt": "hello", "models": [{"provider": "openai", "model": "stub"}] * 2}
    assert api.post("/api/v1/compare", compared).json()["error"] == "model_deactivated"
    goes_on = api.post("/api/v1/chat", {"conversation_id": kept, "message": "again"})
    assert goes_on.json()["error"] == "model_deactivated"
    assert (Conversation.objects.get().message_count, Comparison.objects.count(), len(stub.requests)) == (2, 0, asked)
    assert act(desk, "activate", openai.models.get(model_id="stub")) == ["Activated 1 model."]
    assert chat(api).status_code == 200


def test_no_list_shows_it(desk, api, openai):
    assert api.get("/api/v1/models/openai/stub").status_code == 200
    act(desk, "deactivate", openai.models.get())
    assert api.get("/api/v1/models").json() == {"results": []}
    assert api.get("/api/v1/models/openai/stub").status_code == 404


def test_a_model_that_the_providers_list_lacks_can_be_called(desk, api, openai):
    openai.models.update(available=False)
    assert "not in the provider&#x27;s list" in desk.get(URL).text
    assert chat(api).status_code == 200


def test_switching_one_off_and_on_leaves_it_to_the_catalogue(desk, tiered):
    tiers = tiered.price_tiers
    act(desk, "deactivate", tiered)
    save(desk, tiered, enabled="on")
    assert (tiered.enabled, tiered.source, tiered.price_tiers) == (True, "catalogue", tiers)
    changes = tiered.changes.order_by("changed_at").values_list("field", "old", "new", "source")
    assert list(changes) == [("enabled", "true", "false", "staff"), ("enabled", "false", "true", "staff")]
    sync(check=False)
    act(desk, "deactivate", tiered)
    sync(check=False)
    tiered.refresh_from_db()
    assert not tiered.enabled


def test_saving_it_unchanged_changes_nothing(desk, tiered):
    tiers = tiered.price_tiers
    save(desk, tiered)
    assert (tiered.source, tiered.price_tiers, tiered.changes.count()) == ("catalogue", tiers, 0)


def test_a_correction_keeps_the_prices_by_length(desk, tiered):
    long_prompt = tiered.rates(300_000)
    save(desk, tiered, name="Better")
    assert (tiered.name, tiered.source) == ("Better", "staff")
    assert tiered.rates(300_000) == long_prompt != tiered.rates(1000)


def test_a_new_price_holds_for_any_length_until_the_row_is_given_back(desk, tiered):
    before = tiered.rates(300_000)
    save(desk, tiered, input_price="9")
    assert tiered.rates(300_000).input == tiered.rates(1000).input == 9
    assert act(desk, "follow", tiered)[-1] == "Updated 1 model."
    tiered.refresh_from_db()
    assert (tiered.source, tiered.rates(300_000)) == ("catalogue", before)


def test_a_model_that_staff_added_cannot_be_given_back(desk):
    own = Provider.objects.create(slug="own", name="Own", kind="openai_compatible", base_url="http://127.0.0.1:9/v1")
    model = LLMModel.objects.create(provider=own, model_id="m", name="Mine")
    assert act(desk, "follow", model)[1] == "Neither the catalogue nor the provider's list knows Mine."
    model.refresh_from_db()
    assert model.source == "staff"


def test_the_page_shows_rates_and_says_what_saving_does(desk, tiered):
    url = reverse("admin:models_registry_llmmodel_change", args=[tiered.pk])
    html = desk.get(url).text
    assert "This row follows the catalogue." in html
    assert "<td>200,001</td>" in html
    save(desk, tiered, name="Better")
    assert "This row is yours" in desk.get(url).text
