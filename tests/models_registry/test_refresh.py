"""POST /api/v1/admin/models/refresh."""

import pytest
from rest_framework.test import APIClient

from models_registry.catalogue import entries

URL = "/api/v1/admin/models/refresh"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_keys(settings):
    settings.SYSTEM_API_KEYS = {}


@pytest.fixture
def staff_api(staff) -> APIClient:
    client = APIClient()
    client.force_authenticate(staff)
    return client


def test_one_provider_is_refreshed(staff_api, openai, stub):
    stub.openai_models = [{"id": "gpt-4o"}, {"id": "gpt-9"}]
    openai.models.create(model_id="old", name="Old", source="provider")
    response = staff_api.post(URL, {"provider": "openai"})
    assert response.status_code == 200
    assert response.json() == {
        "results": [
            {
                "provider": "openai",
                "total": len(entries("openai")) + 3,
                "added": sorted([*entries("openai"), "gpt-9"]),
                "changed": [],
                "withdrawn": ["old"],
                "checked": True,
                "error": None,
            }
        ]
    }


def test_all_providers_are_refreshed_when_none_is_named(staff_api):
    results = staff_api.post(URL).json()["results"]
    assert [(result["provider"], result["checked"]) for result in results] == [
        ("anthropic", False),
        ("echo", False),
        ("gemini", False),
        ("mistral", False),
        ("openai", False),
    ]


def test_a_failed_check_is_told(staff_api, openai, settings):
    settings.SYSTEM_API_KEYS = {"openai": "any?status=503&message=Closed"}
    (result,) = staff_api.post(URL, {"provider": "openai"}).json()["results"]
    assert (result["checked"], result["error"], result["withdrawn"]) == (False, "Closed", [])


@pytest.mark.parametrize(
    ("provider", "message"),
    [("nobody", "There is no provider with this name."), (3, "Not a valid string.")],
)
def test_an_unknown_provider_is_invalid(staff_api, provider, message):
    response = staff_api.post(URL, {"provider": provider})
    assert response.status_code == 400
    assert response.json()["error"] == "invalid"
    assert response.json()["details"] == {"provider": [message]}


def test_only_staff_may(api, visitor):
    assert api.post(URL).status_code == 403
    assert visitor.post(URL).status_code == 401


def test_it_is_documented(visitor):
    schema = visitor.get(
        "/api/schema", headers={"accept": "application/json"}, data={"format": "json"}
    ).content.decode()
    assert URL in schema
    assert "RefreshResults" in schema
