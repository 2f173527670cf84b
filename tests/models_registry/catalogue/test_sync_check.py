"""What a provider's own list confirms, adds and withdraws, and what a sync does when there is none."""

import threading
from decimal import Decimal

import pytest
from django.db import connections

from models_registry.catalogue.offline import entries
from models_registry.catalogue.sync import ProviderReport, sync
from models_registry.models import LLMModel, Provider
from tests.helpers import closing_connection
from tests.servers import listing_provider

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_keys(settings):
    settings.SYSTEM_API_KEYS = {}


@pytest.fixture
def listed(settings, stub):
    """Give OpenAI a key, and its list these ids."""

    def listed(*ids, key="sk-test", **more):
        settings.SYSTEM_API_KEYS = {"openai": key}
        settings.PROVIDER_BASE_URLS = {"openai": stub.openai_url}
        stub.openai_models = [{"id": model_id, "object": "model", **more} for model_id in ids]

    return listed


def sync_openai(**options) -> ProviderReport:
    return sync(providers=["openai"], **options).results[0]


def model(model_id, provider="openai") -> LLMModel:
    return LLMModel.objects.get(provider__slug=provider, model_id=model_id)


def test_offline_calls_no_provider(listed, stub):
    listed("gpt-4o")
    assert sync_openai(check=False).skipped == "offline"
    assert stub.requests == []


def test_a_provider_confirms_adds_and_withdraws(listed):
    sync_openai(check=False)
    listed("gpt-4o", "gpt-9", "text-embedding-3-small")
    report = sync_openai()
    assert (report.checked, report.error, report.skipped) == (True, None, None)
    assert report.added == ["gpt-9"]
    assert report.changed == []
    assert report.withdrawn == sorted(entries("openai").keys() - {"gpt-4o"})
    provider = Provider.objects.get(slug="openai")
    assert provider.checked_at is not None
    assert set(LLMModel.objects.values_list("checked_at", flat=True)) == {provider.checked_at}
    new = model("gpt-9")
    assert (new.name, new.source, new.available, new.input_price) == ("gpt-9", "provider", True, None)
    assert not model("gpt-4.1").available
    assert sync_openai() == ProviderReport(slug="openai", total=report.total, checked=True)


def test_a_withdrawn_model_comes_back(listed):
    listed("gpt-4o", "gpt-9")
    sync_openai()
    listed("gpt-4o")
    assert sync_openai().withdrawn == ["gpt-9"]
    listed("gpt-4o", "gpt-9")
    assert sync_openai().changed == ["gpt-9"]
    assert model("gpt-9").available


def test_a_listed_snapshot_is_priced_and_confirms_its_short_name(listed):
    listed("gpt-4o-2024-08-06")
    sync_openai()
    snapshot = model("gpt-4o-2024-08-06")
    assert (snapshot.name, snapshot.source) == ("gpt-4o-2024-08-06", "provider")
    assert (snapshot.input_price, snapshot.context_window) == (Decimal("2.5"), 128_000)
    assert model("gpt-4o").available


def test_a_later_alias_does_not_confirm_a_snapshot(settings, stub):
    settings.SYSTEM_API_KEYS, settings.PROVIDER_BASE_URLS = {"mistral": "key"}, {"mistral": stub.openai_url}
    stub.openai_models = [{"id": "mistral-medium"}]  # priced as the catalogue's mistral-medium-2508
    sync(providers=["mistral"])
    assert model("mistral-medium", "mistral").input_price == Decimal("0.4")
    assert not model("mistral-medium-2508", "mistral").available


def test_facts_of_the_providers_list_take_precedence_until_the_next_list(listed):
    listed("gpt-4o", "gpt-9", context_length=7, max_output_tokens=5, name="Nine")
    sync_openai()
    assert not sync_openai(check=False).changed
    four, nine = model("gpt-4o"), model("gpt-9")
    assert (four.name, four.context_window, four.max_output_tokens) == ("GPT-4o", 7, 5)
    assert (nine.name, nine.context_window, nine.max_output_tokens) == ("Nine", 7, 5)
    listed("gpt-4o", "gpt-9")
    assert sync_openai().changed == ["gpt-4o"]
    assert (model("gpt-4o").context_window, model("gpt-9").context_window) == (128_000, 7)


def test_a_confirmed_model_that_left_the_catalogue_is_not_deprecated(listed):
    listed("gpt-4o", "old")
    sync_openai()
    LLMModel.objects.filter(model_id="old").update(source="catalogue")
    assert not sync_openai(check=False).changed
    assert not sync_openai().changed
    listed("gpt-4o")
    assert sync_openai().withdrawn == ["old"]
    assert model("old").deprecated


def test_staff_rows_are_left_alone_by_a_check(listed):
    sync_openai()
    LLMModel.objects.filter(model_id="gpt-4o").update(source="staff", input_price=1, available=False)
    LLMModel.objects.filter(model_id="gpt-4.1").update(source="staff")
    listed("gpt-4o")
    report = sync_openai()
    assert "gpt-4.1" not in report.withdrawn
    assert (model("gpt-4o").available, model("gpt-4o").input_price, model("gpt-4o").checked_at) == (False, 1, None)
    assert model("gpt-4.1").available


@pytest.mark.parametrize(
    ("key", "ids", "message"),
    [
        ("bad-key", ["gpt-4o"], "Incorrect API key"),
        ("any?status=500", ["gpt-4o"], "asked for a 500"),
        ("any?garbage=html", ["gpt-4o"], "could not be read"),
        ("sk-test", [], "no model that can chat"),
        ("sk-test", ["whisper-1"], "no model that can chat"),
    ],
)
def test_a_failed_check_leaves_the_last_good_list(listed, key, ids, message):
    listed("gpt-4o", "gpt-9")
    sync_openai()
    before = list(LLMModel.objects.order_by("pk").values())
    checked_at = Provider.objects.get(slug="openai").checked_at
    listed(*ids, key=key)
    report = sync_openai()
    assert message in report.error
    assert (report.checked, report.added, report.changed, report.withdrawn) == (False, [], [], [])
    assert list(LLMModel.objects.order_by("pk").values()) == before
    provider = Provider.objects.get(slug="openai")
    assert (provider.check_error, provider.checked_at) == (report.error, checked_at)
    listed("gpt-4o", "gpt-9")
    sync_openai()
    assert Provider.objects.get(slug="openai").check_error == ""


def test_one_failure_does_not_stop_the_others(listed, settings, stub):
    listed("gpt-4o", key="bad-key")
    settings.SYSTEM_API_KEYS = {"openai": "bad-key", "mistral": "good"}
    settings.PROVIDER_BASE_URLS = {"openai": stub.openai_url, "mistral": stub.openai_url}
    results = {result.slug: result for result in sync().results}
    assert results["openai"].error
    assert results["openai"].total == len(entries("openai"))
    assert results["mistral"].checked


def test_a_gateway_is_asked_and_priced_by_its_slug(stub):
    Provider.objects.create(
        slug="groq", name="Groq", kind="openai_compatible", base_url=stub.openai_url, requires_key=False
    )
    stub.openai_models = [{"id": "llama-3.1-8b-instant"}, {"id": "own/model:1"}]
    report = sync(providers=["groq"]).results[0]
    assert report.added == ["llama-3.1-8b-instant", "own/model:1"]
    assert model("llama-3.1-8b-instant", "groq").input_price == Decimal("0.05")
    assert model("own/model:1", "groq").input_price is None


def test_a_gateway_without_an_address_fails_its_check():
    Provider.objects.create(slug="lost", name="Lost", kind="openai_compatible", requires_key=False)
    report = sync(providers=["lost"]).results[0]
    assert report.error
    assert Provider.objects.get(slug="lost").check_error == report.error[:500]


def test_facts_that_fit_no_column_are_cut_or_left_out(stub):
    Provider.objects.create(
        slug="odd", name="Odd", kind="openai_compatible", base_url=stub.openai_url, requires_key=False
    )
    stub.openai_models = [
        {"id": "a", "name": "n\0" + "x" * 300, "context_length": 10**12, "max_output_tokens": 0},
        {"id": "a", "name": "\0"},
        {"id": "b\0"},
        {"id": "c" * 201},
        {"id": ""},
    ]
    assert sync(providers=["odd"]).results[0].added == ["a"]
    assert (model("a", "odd").name, model("a", "odd").context_window, model("a", "odd").max_output_tokens) == (
        "a",
        None,
        None,
    )


def test_anthropics_list_gives_windows_and_limits(settings, stub):
    settings.SYSTEM_API_KEYS, settings.PROVIDER_BASE_URLS = {"anthropic": "k"}, {"anthropic": stub.anthropic_url}
    stub.anthropic_models = [
        {
            "id": "claude-sonnet-4-5-20250929",
            "display_name": "Sonnet!",
            "max_input_tokens": 200_000,
            "max_tokens": 64_000,
        }
    ]
    assert sync(providers=["anthropic"]).results[0].checked
    sonnet = model("claude-sonnet-4-5-20250929", "anthropic")
    assert (sonnet.name, sonnet.max_output_tokens, sonnet.input_price) == ("Sonnet!", 64_000, Decimal(3))
    assert model("claude-sonnet-4-5", "anthropic").available


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_a_provider_answers(settings):
    held, asking = [], connections["default"]

    def look():
        pooled = asking.settings_dict["OPTIONS"].get("pool")
        held.append((asking.in_atomic_block, bool(pooled and asking.connection is not None)))

    settings.SYSTEM_API_KEYS = {"openai": "sk-test"}
    with listing_provider("gpt-4o", meanwhile=look) as url:
        settings.PROVIDER_BASE_URLS = {"openai": url}
        assert sync_openai().checked
    assert held == [(False, False)]


@pytest.mark.django_db(transaction=True)
def test_syncs_at_the_same_time_neither_fail_nor_double_rows(listed):
    listed("gpt-4o", "gpt-9")
    reports, barrier = [], threading.Barrier(4)

    def run():
        barrier.wait()
        reports.append(sync_openai())

    threads = [threading.Thread(target=closing_connection, args=(run,)) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert [report.error for report in reports] == [None] * 4
    assert sorted(len(report.added) for report in reports)[:3] == [0, 0, 0]
    assert LLMModel.objects.filter(provider__slug="openai").count() == len(entries("openai")) + 1


@pytest.mark.django_db(transaction=True)
def test_a_provider_deleted_while_it_answers_is_no_failure(settings):
    def delete():
        closing_connection(Provider.objects.filter(slug="openai").delete)

    settings.SYSTEM_API_KEYS = {"openai": "sk-test"}
    with listing_provider("gpt-4o", meanwhile=delete) as url:
        settings.PROVIDER_BASE_URLS = {"openai": url}
        report = sync_openai()
    assert (report.checked, report.skipped, report.total) == (False, "deleted meanwhile", 0)
