"""What a sync writes without asking anybody: the built-in providers and the catalogue."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from models_registry.calls.costs import Rates
from models_registry.catalogue.sync import ProviderReport, sync
from models_registry.models import LLMModel, Provider

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_keys(settings):
    settings.SYSTEM_API_KEYS = {}


def sync_openai(**options) -> ProviderReport:
    return sync(providers=["openai"], **options).results[0]


def model(model_id, provider="openai") -> LLMModel:
    return LLMModel.objects.get(provider__slug=provider, model_id=model_id)


def test_an_empty_registry_gets_the_built_in_providers_and_their_models():
    report = sync(check=False)
    assert [result.slug for result in report.results] == ["anthropic", "echo", "gemini", "mistral", "openai"]
    assert {result.skipped for result in report.results} == {"offline", "built in"}
    for result in report.results:
        assert result.total == len(result.added) > 1
    sonnet = model("claude-sonnet-4-5", "anthropic")
    assert (sonnet.source, sonnet.available, sonnet.checked_at) == ("catalogue", True, None)
    assert (sonnet.name, sonnet.context_window, sonnet.input_price) == ("Claude Sonnet 4.5", 200_000, Decimal(3))
    assert model("echo-slow", "echo").rates(1_000) == Rates(Decimal(0), Decimal(0))
    assert not Provider.objects.get(slug="echo").requires_key


def test_a_second_sync_changes_and_writes_nothing():
    sync(check=False)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        report = sync(check=False)
    assert not any(result.added or result.changed or result.withdrawn for result in report.results)
    assert not [query for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_the_first_sync_takes_few_queries(django_assert_max_num_queries):
    with django_assert_max_num_queries(40):  # of five providers
        sync(check=False)


def test_the_echo_is_not_added_where_it_is_off(settings, echo):
    settings.ECHO_PROVIDER = False
    report = sync(providers=["echo", "openai"], check=False)
    assert ([result.slug for result in report.results], report.unknown) == (["openai"], ["echo"])


def test_what_staff_changed_stays():
    Provider.objects.create(slug="openai", name="Ours", kind="openai", base_url="http://proxy/v1", enabled=False)
    provider = Provider.objects.get(slug="openai")
    LLMModel.objects.create(provider=provider, model_id="gpt-4o", name="Our 4o", input_price=1, available=False)
    assert sync_openai().skipped == "disabled"
    provider.refresh_from_db()
    assert (provider.name, provider.base_url, provider.enabled) == ("Ours", "http://proxy/v1", False)
    ours = model("gpt-4o")
    assert (ours.name, ours.input_price, ours.available, ours.source) == ("Our 4o", 1, False, "staff")


def test_only_what_changed_is_written_and_counted():
    sync_openai()
    LLMModel.objects.filter(model_id="gpt-4o").update(input_price=99, context_window=1)
    report = sync_openai()
    assert (report.added, report.changed, report.withdrawn) == ([], ["gpt-4o"], [])
    assert (model("gpt-4o").input_price, model("gpt-4o").context_window) == (Decimal("2.5"), 128_000)


def test_a_model_that_left_the_catalogue_is_deprecated():
    sync_openai()
    LLMModel.objects.filter(model_id="gpt-5.4").update(model_id="gone")
    report = sync_openai()
    assert (report.added, report.changed) == (["gpt-5.4"], ["gone"])
    assert (model("gone").deprecated, model("gone").available) == (True, True)


def test_unknown_providers_are_named():
    report = sync(providers=["nobody", "openai", "nobody"], check=False)
    assert ([result.slug for result in report.results], report.unknown) == (["openai"], ["nobody"])


def test_providers_without_a_key_are_not_called(stub):
    assert {result.skipped for result in sync().results} == {"no key", "built in"}
    assert stub.requests == []
