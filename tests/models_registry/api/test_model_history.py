"""GET /models/{provider}/{model_id}/history."""

from datetime import UTC, datetime, timedelta

import pytest

from models_registry.models import LLMModel, ModelChange
from tests.helpers import error

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
URL = "/api/v1/models/openai/stub/history"
ROUTED = "openai/gpt-4o:free-1.5"


def record(model, number, **values):
    """Record changes of a price, a day apart, the oldest first."""
    defaults = {"field": "input_price", "source": "catalogue"}
    return ModelChange.objects.bulk_create(
        ModelChange(
            model=model,
            changed_at=START + timedelta(days=day),
            old=str(day),
            new=str(day + 1),
            **{**defaults, **values},
        )
        for day in range(number)
    )


@pytest.fixture
def stub_model(openai):
    return LLMModel.objects.get(provider=openai)


def test_the_newest_first(api, stub_model, openai):
    record(stub_model, 1)
    ModelChange.objects.create(
        model=stub_model, changed_at=START, field="context_window", old=None, new="7", source="provider"
    )
    other = LLMModel.objects.create(provider=openai, model_id="other", name="Other")
    record(other, 1)
    response = api.get(URL)
    assert (response.status_code, response.json()) == (
        200,
        {
            "next": None,
            "previous": None,
            "results": [
                {
                    "changed_at": "2026-11-01T12:00:00Z",
                    "field": "context_window",
                    "old": None,
                    "new": "7",
                    "source": "provider",
                },
                {
                    "changed_at": "2026-11-01T12:00:00Z",
                    "field": "input_price",
                    "old": "0",
                    "new": "1",
                    "source": "catalogue",
                },
            ],
        },
    )


def test_a_model_that_never_changed(api, stub_model):
    assert api.get(URL).json() == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize("path", [ROUTED, "openai%2Fgpt-4o%3Afree-1.5"])
def test_ids_with_slashes_dots_and_colons(api, openai, path):
    record(LLMModel.objects.create(provider=openai, model_id=ROUTED, name="Routed"), 3)
    response = api.get(f"/api/v1/models/openai/{path}/history")
    assert [change["old"] for change in response.json()["results"]] == ["2", "1", "0"]
    assert api.get(f"/api/v1/models/openai/{path}").json()["id"] == ROUTED


@pytest.mark.parametrize("path", ["openai/nobody", "nobody/stub", "openai/stub/more", "openai/STUB"])
def test_unknown_models(api, stub_model, path):
    response = api.get(f"/api/v1/models/{path}/history")
    assert (response.status_code, response.json()) == (404, error("not_found", "Not found."))


@pytest.mark.parametrize("model_id", ["%00", "a%00b", "x" * 5000, "%F0%9F%90%8D", "%ff", "'--"])
def test_odd_ids(api, stub_model, model_id):
    path = f"/api/v1/models/openai/{model_id}"
    answers = [api.get(path).status_code, api.get(f"{path}/history").status_code]
    assert answers in ([404, 404], [400, 400])


def test_a_disabled_provider(api, stub_model, openai):
    openai.enabled = False
    openai.save()
    assert api.get(URL).status_code == 404


def test_visitors_are_asked_who_they_are(visitor, stub_model):
    assert visitor.get(URL).status_code == 401
    assert visitor.get("/api/v1/models/openai/stub").status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_can_only_be_read(api, stub_model, method):
    assert getattr(api, method)(URL).status_code == 405


def test_pages_forth_and_back(api, bob_api, stub_model):
    record(stub_model, 45)
    first = api.get(URL).json()
    second = api.get(first["next"]).json()
    third = api.get(second["next"]).json()
    olds = [int(change["old"]) for page in (first, second, third) for change in page["results"]]
    assert olds == list(range(44, -1, -1))
    assert (first["previous"], third["next"]) == (None, None)
    assert api.get(second["previous"]).json()["results"] == first["results"]
    assert len(api.get(URL, {"page_size": 100}).json()["results"]) == 45
    assert bob_api.get(first["next"]).status_code == 400


@pytest.mark.parametrize(("name", "value"), [("cursor", "x"), ("page_size", "0"), ("page_size", "101")])
def test_bad_pages(api, stub_model, name, value):
    response = api.get(URL, {name: value})
    assert (response.status_code, list(response.json()["details"])) == (400, [name])


@pytest.mark.parametrize("count", [1, 100])
def test_as_many_queries_for_many(api, stub_model, count, django_assert_num_queries):
    record(stub_model, count)
    with django_assert_num_queries(3):  # the user's state, the model, its changes
        assert api.get(URL).status_code == 200
