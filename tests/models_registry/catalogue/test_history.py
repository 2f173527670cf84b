"""The history of models: what a sync and staff change is kept with its time and its source, and nothing else is."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import reverse

from models_registry.catalogue import history
from models_registry.catalogue.reconcile import Changes, reconcile
from models_registry.catalogue.sync import sync
from models_registry.models import LLMModel, ModelChange, Provider
from models_registry.providers.base import ListedModel

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_keys(settings):
    settings.SYSTEM_API_KEYS = {}


@pytest.fixture
def provider():
    """OpenAI with its catalogue."""
    sync(providers=["openai"], check=False)
    return Provider.objects.get(slug="openai")


@pytest.fixture
def root(client):
    client.force_login(User.objects.create_superuser("root"))
    return client


def model(model_id) -> LLMModel:
    return LLMModel.objects.get(model_id=model_id)


def recorded(model_id):
    rows = ModelChange.objects.filter(model__model_id=model_id).order_by("pk")
    return [(row.field, row.old, row.new, row.source) for row in rows]


def edit(root, row, **values):
    form = {"provider": row.provider_id, "model_id": row.model_id, "name": row.name, "enabled": "on"}
    names = ("input_price", "output_price", "cache_read_price", "cache_write_price", "context_window")
    shown = {name: value for name in names if (value := getattr(row, name)) is not None}
    url = reverse("admin:models_registry_llmmodel_change", args=[row.pk])
    return root.post(url, {**form, **shown, "reasoning": "false", "vision": "true", "tools": "true", **values})


def test_models_that_are_new_have_no_history(provider):
    sync(providers=["openai"], check=False)
    assert LLMModel.objects.exists()
    assert not ModelChange.objects.exists()


def test_the_catalogue_changes_prices(provider):
    LLMModel.objects.filter(model_id="gpt-4o").update(
        input_price=Decimal("99.5"), cache_read_price=None, name="Old", deprecated=False, vision=None
    )
    before = model("gpt-4o")
    assert before.output_price == 10
    reconcile(provider, None, Changes(), now=NOW)
    assert recorded("gpt-4o") == [
        ("input_price", "99.5", "2.5", "catalogue"),
        ("cache_read_price", None, "1.25", "catalogue"),
        *([("deprecated", "false", "true", "catalogue")] if model("gpt-4o").deprecated else []),
    ]
    assert set(ModelChange.objects.values_list("changed_at", flat=True)) == {NOW}


def test_a_list_withdraws_and_tells_limits(provider):
    reconcile(provider, {"gpt-4o": ListedModel("gpt-4o", context_window=7, max_output_tokens=5)}, Changes(), now=NOW)
    assert recorded("gpt-4o") == [
        ("context_window", "128000", "7", "provider"),
        ("max_output_tokens", None, "5", "provider"),
    ]
    assert recorded("gpt-4.1") == [("available", "true", "false", "provider")]
    reconcile(provider, {"gpt-4o": ListedModel("gpt-4o")}, Changes(), now=NOW)
    assert recorded("gpt-4o")[2:] == [("context_window", "7", "128000", "catalogue")]


def test_tiers_are_recorded_where_they_say_more_than_the_prices(provider):
    assert len(model("gpt-5.5").price_tiers) == 2
    assert len(model("gpt-4o").price_tiers) == 1
    old = [{"above": "0", "input": "1", "output": "1"}, {"above": "9", "input": "2", "output": "2"}]
    LLMModel.objects.filter(model_id="gpt-5.5").update(price_tiers=old)
    LLMModel.objects.filter(model_id="gpt-4o").update(price_tiers=old[:1])
    reconcile(provider, None, Changes(), now=NOW)
    ((field, was, now, source),) = recorded("gpt-5.5")
    assert (field, json.loads(was), json.loads(now), source) == (
        "price_tiers",
        old,
        model("gpt-5.5").price_tiers,
        "catalogue",
    )
    assert recorded("gpt-4o") == []
    assert model("gpt-4o").price_tiers != old[:1]


def test_rates_go_when_a_price_is_not_known_any_more():
    gateway = Provider.objects.create(slug="openrouter", name="Router", kind="openai_compatible", base_url="http://x")
    values = {"input_price": 1, "output_price": 1, "price_tiers": [{"above": "0", "input": "1", "output": "1"}]}
    LLMModel.objects.create(provider=gateway, model_id="cloudflare/clef", name="C", source="provider", **values)
    for _ in range(2):
        reconcile(gateway, None, Changes(), now=NOW)
        row = model("cloudflare/clef")
        assert (row.price_tiers, row.output_price, row.rates(5)) == (None, None, None)
        assert [change[0] for change in recorded("cloudflare/clef")] == [
            "input_price",
            "output_price",
            "context_window",
        ]


def test_history_and_change_are_stored_together_or_not_at_all(provider):
    LLMModel.objects.filter(model_id="gpt-4o").update(input_price=99)
    with transaction.atomic():
        reconcile(provider, None, Changes(), now=NOW)
        assert recorded("gpt-4o")
        transaction.set_rollback(True)
    assert model("gpt-4o").input_price == 99
    assert not ModelChange.objects.exists()


def test_staff_change_a_price(provider, root):
    row = model("gpt-4o")
    assert edit(root, row, input_price="3.10", context_window="").status_code == 302
    expected = [
        ("input_price", "2.5", "3.1", "staff"),
        *([("deprecated", "true", "false", "staff")] if row.deprecated else []),
        ("context_window", "128000", None, "staff"),
    ]
    assert recorded("gpt-4o") == expected
    changed = model("gpt-4o")
    assert (changed.source, changed.price_tiers) == ("staff", None)
    assert changed.rates(5).input == Decimal("3.1")
    assert edit(root, model("gpt-4o"), input_price="3.1").status_code == 302
    assert recorded("gpt-4o") == expected


def test_a_new_price_drops_the_catalogues_tiers_and_another_name_does_not(provider, root):
    row = model("gpt-5.5")
    tiers, more = row.price_tiers, {"deprecated": "on"} if row.deprecated else {}
    assert edit(root, row, name="Mine", **more).status_code == 302
    assert (recorded("gpt-5.5"), model("gpt-5.5").source) == ([], "staff")
    assert edit(root, model("gpt-5.5"), input_price="3.1", **more).status_code == 302
    assert ("price_tiers", tiers, None, "staff") in [
        (field, json.loads(old) if field == "price_tiers" else old, new, source)
        for field, old, new, source in recorded("gpt-5.5")
    ]


def test_a_model_that_staff_add_has_no_history(provider, root):
    values = {"provider": provider.pk, "model_id": "own", "name": "Own", "enabled": "on", "input_price": "1"}
    assert root.post(reverse("admin:models_registry_llmmodel_add"), values).status_code == 302
    assert model("own").source == "staff"
    assert not ModelChange.objects.exists()


def test_what_staff_did_is_no_change_of_a_sync(provider, root):
    edit(root, model("gpt-4o"), input_price="7")
    count = ModelChange.objects.count()
    sync(providers=["openai"], check=False)
    assert (ModelChange.objects.count(), model("gpt-4o").input_price) == (count, 7)


def test_a_history_goes_with_its_model(provider, root):
    edit(root, model("gpt-4o"), input_price="7")
    LLMModel.objects.filter(model_id="gpt-4o").delete()
    assert not ModelChange.objects.exists()


def changed(row, number, count):
    return [
        ModelChange(
            model=row,
            changed_at=NOW + timedelta(days=number + day),
            field="available",
            old=str(number + day),
            new="x",
            source="provider",
        )
        for day in range(count)
    ]


def test_of_each_model_the_newest_changes_are_kept(provider):
    one, other = model("gpt-4o"), model("gpt-4.1")
    history.store(changed(one, 0, history.KEPT) + changed(other, 0, 1))
    assert ModelChange.objects.count() == history.KEPT + 1
    history.store(changed(one, history.KEPT, 3))
    assert other.changes.count() == 1
    assert one.changes.count() == history.KEPT
    assert one.changes.earliest("changed_at").old == "3"
    assert one.changes.latest("changed_at").old == str(history.KEPT + 2)


def test_the_page_in_the_admin_shows_the_newest(provider, root):
    row = model("gpt-4o")
    url = reverse("admin:models_registry_llmmodel_change", args=[row.pk])
    assert "None so far." in root.get(url).text
    assert root.get(reverse("admin:models_registry_llmmodel_add")).status_code == 200
    history.store(
        [*changed(row, 0, 60), ModelChange(model=row, changed_at=NOW, field="gone", new="<b>", source="staff")]
    )
    page = root.get(url).text
    assert (
        page.count("<td>in the provider&#x27;s list</td>"),
        page.index("<td>59</td>") < page.index("<td>58</td>"),
    ) == (50, True)
    ModelChange.objects.filter(field="available").delete()
    assert "<td>\u2013</td><td>&lt;b&gt;</td><td>Staff</td>" in root.get(url).text
