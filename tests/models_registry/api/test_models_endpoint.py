"""GET /models and /models/{provider}/{model_id}."""

from datetime import UTC, datetime

import pytest

from models_registry.models import LLMModel
from tests.helpers import client_with, error

pytestmark = pytest.mark.django_db

URL = "/api/v1/models"
ROUTED = "vendor/deep/model:free-1.5"


@pytest.fixture(autouse=True)
def models(openai, anthropic):
    LLMModel.objects.create(
        provider=openai,
        model_id=ROUTED,
        name="Deep",
        context_window=128_000,
        max_output_tokens=16_384,
        input_price="0.075",
        output_price="100",
        cache_read_price="0.0075",
        cache_write_price="0.09375",
        reasoning=True,
        vision=False,
        available=False,
        deprecated=True,
        checked_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
    )


STUB = {
    "id": "stub",
    "name": "Stub",
    "provider": "openai",
    "context_window": None,
    "max_output_tokens": None,
    "input_price": "2.5",
    "output_price": "10",
    "cache_read_price": None,
    "cache_write_price": None,
    "reasoning": None,
    "vision": None,
    "tools": None,
    "available": True,
    "deprecated": False,
    "checked_at": None,
}
CLAUDE = {**STUB, "provider": "anthropic", "max_output_tokens": 8192, "input_price": None, "output_price": None}
DEEP = {
    "id": ROUTED,
    "name": "Deep",
    "provider": "openai",
    "context_window": 128_000,
    "max_output_tokens": 16_384,
    "input_price": "0.075",
    "output_price": "100",
    "cache_read_price": "0.0075",
    "cache_write_price": "0.09375",
    "reasoning": True,
    "vision": False,
    "tools": None,
    "available": False,
    "deprecated": True,
    "checked_at": "2026-05-01T12:00:00Z",
}


def test_the_list_of_all_models(visitor):
    response = visitor.get(URL)
    assert (response.status_code, response.json()) == (200, {"results": [CLAUDE, STUB, DEEP]})


@pytest.mark.parametrize(
    ("query", "results"),
    [
        ({"provider": "anthropic"}, [CLAUDE]),
        ({"provider": "nobody"}, []),
        ({"provider": ""}, [CLAUDE, STUB, DEEP]),
        ({"search": "deep"}, [DEEP]),
        ({"search": "FREE-1"}, [DEEP]),
        ({"search": "%"}, []),
        ({"search": ""}, [CLAUDE, STUB, DEEP]),
        ({"available": "true"}, [CLAUDE, STUB]),
        ({"available": "false"}, [DEEP]),
        ({"available": ""}, [CLAUDE, STUB, DEEP]),
        ({"available": "1", "provider": "openai", "search": "tub"}, [STUB]),
        ({"page_size": "1", "unknown": "x", "format": "xml"}, [CLAUDE, STUB, DEEP]),
    ],
    ids=str,
)
def test_filters(visitor, query, results):
    response = visitor.get(URL, query)
    assert (response.status_code, response.json()) == (200, {"results": results})


@pytest.mark.parametrize(("name", "value"), [("available", "maybe"), ("search", "x" * 201), ("provider", "x" * 51)])
def test_invalid_filters(visitor, name, value):
    response = visitor.get(URL, {name: value})
    assert (response.status_code, list(response.json()["details"])) == (400, [name])


def test_disabled_providers_are_not_listed(visitor, openai):
    openai.enabled = False
    openai.save()
    assert visitor.get(URL).json() == {"results": [CLAUDE]}
    assert visitor.get(f"{URL}/openai/stub").status_code == 404


def test_the_echo_is_listed_in_development_only(visitor, echo, settings):
    LLMModel.objects.create(provider=echo, model_id="echo-fast", name="Echo Fast")
    assert visitor.get(f"{URL}/echo/echo-fast").status_code == 200
    settings.ECHO_PROVIDER = False
    assert visitor.get(f"{URL}/echo/echo-fast").status_code == 404
    assert visitor.get(URL, {"provider": "echo"}).json() == {"results": []}


@pytest.mark.parametrize(
    "path", ["openai/stub", "openai/vendor/deep/model:free-1.5", "openai/vendor%2Fdeep%2Fmodel%3Afree-1.5"]
)
def test_a_single_model(visitor, path):
    response = visitor.get(f"{URL}/{path}")
    assert (response.status_code, response.json()) == (200, STUB if path == "openai/stub" else DEEP)


@pytest.mark.parametrize("path", ["openai/other", "anthropic/vendor/deep/model:free-1.5", "nobody/stub"])
def test_an_unknown_model_is_not_found(visitor, path):
    response = visitor.get(f"{URL}/{path}")
    assert (response.status_code, response.json()) == (404, error("not_found", "Not found."))


@pytest.mark.parametrize("path", [URL, f"{URL}/openai/stub"])
def test_an_expired_token_does_not_block_it(path):
    assert client_with("expired").get(path).status_code == 200


@pytest.mark.parametrize("count", [1, 100])
def test_a_list_takes_two_queries_for_any_number_of_models(visitor, openai, count, django_assert_max_num_queries):
    LLMModel.objects.bulk_create(
        LLMModel(provider=openai, model_id=f"m{number}", name=f"M{number}") for number in range(count)
    )
    with django_assert_max_num_queries(2):  # the models, and which providers are due to be asked
        assert len(visitor.get(URL).json()["results"]) == 3 + count
    with django_assert_max_num_queries(1):
        assert visitor.get(f"{URL}/openai/m0").status_code == 200
