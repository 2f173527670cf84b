"""POST /comparisons/{id}/analyze."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection

from conversations.completions.concurrency import Slot
from conversations.models import Comparison
from models_registry.models import Provider
from tests.conversations.comparisons import MODELS, comparison
from tests.helpers import checked_out, error, eventually, free_slots, invalid

pytestmark = pytest.mark.django_db

JUDGE = {"provider": "openai", "model": "stub?reply=Answer+1+is+best."}


def url(row):
    return f"/api/v1/comparisons/{row.pk}/analyze"


def analyze(api, row, **change):
    response = api.post(url(row), {**JUDGE, **change})
    assert response.status_code == 200, response.content
    return response.json()


def stored(row):
    return Comparison.objects.values_list("analysis", flat=True).get(pk=row.pk)


def told(stub):
    """Return all that the judge was told."""
    return "\n".join(message["content"] for message in stub.requests[-1].body["messages"])


def test_the_analysis_is_stored_and_returned(ann, api, openai):
    row = comparison(ann, *MODELS, failed=(2,), preferred_index=1)
    before = api.get(f"/api/v1/comparisons/{row.pk}").json()
    answer = analyze(api, row)
    assert {**answer, "running": None} == {**before, "analysis": "Answer 1 is best."}
    assert api.get(f"/api/v1/comparisons/{row.pk}").json() == {**answer, "running": None}
    assert api.get("/api/v1/comparisons").json()["results"] == [answer]


def test_a_second_analysis_replaces_the_first(ann, api, openai):
    row = comparison(ann, analysis="Answer 2.")
    analyze(api, row)
    assert stored(row) == "Answer 1 is best."


@pytest.mark.parametrize("blind", [False, True])
def test_the_judge_sees_the_answers_and_not_the_models(ann, api, openai, stub, blind):
    row = comparison(ann, *MODELS, blind=blind, revealed=not blind, preferred_index=3)
    analyze(api, row)
    text = told(stub)
    names = [part for name in MODELS for part in name.split("/")]
    assert [name for name in names if name in json.dumps(stub.requests[-1].body["messages"])] == []
    assert row.prompt in text
    assert [f"answer number {index}" in text for index in range(4)] == [True] * 4
    assert len(stub.requests) == 1


def test_each_answer_is_named_by_its_index(ann, api, openai, stub):
    analyze(api, comparison(ann, *MODELS))
    text = told(stub)
    for index in range(4):
        assert f'"Answer {index + 1}">\nanswer number {index}\n<' in text


def test_failed_answers_are_not_judged(ann, api, openai, stub):
    analyze(api, comparison(ann, *MODELS, failed=(0, 2)))
    text = told(stub)
    assert [f"answer number {index}" in text for index in range(4)] == [False, True, False, True]
    assert "broke off" not in text


def test_the_order_of_the_answers_is_random(ann, api, openai, stub):
    row = comparison(ann, *MODELS)
    orders = set()
    for _ in range(12):  # all alike by chance once in 24 ** 11
        analyze(api, row)
        text = told(stub)
        orders.add(tuple(sorted(range(4), key=lambda index: text.index(f"answer number {index}"))))
    assert len(orders) > 1


def test_an_anthropic_model_can_judge(ann, api, anthropic):
    assert analyze(api, comparison(ann), provider="anthropic")["analysis"] == "Answer 1 is best."


# What goes wrong

FAILURES = [
    ("status=401", 409, "api_key_refused"),
    ("status=429&retry_after=7&should_retry=false", 429, "provider_rate_limited"),
    ("status=400", 502, "provider_error"),
    ("garbage=1", 502, "provider_error"),
    ("cut=1", 502, "provider_error"),
    ("hang=first", 504, "provider_timeout"),
]


@pytest.mark.parametrize(("script", "status", "code"), FAILURES)
def test_a_failed_judgement_changes_nothing(ann, api, openai, settings, script, status, code):
    settings.PROVIDER_READ_TIMEOUT = 0.3
    row = comparison(ann, analysis="Answer 2.", preferred_index=1)
    before = api.get(f"/api/v1/comparisons/{row.pk}").json()
    response = api.post(url(row), {**JUDGE, "model": f"stub?{script}"})
    assert (response.status_code, response.json()["error"]) == (status, code), response.content
    assert api.get(f"/api/v1/comparisons/{row.pk}").json() == before
    assert free_slots() == settings.COMPLETION_SLOTS


def test_the_message_of_the_provider_is_passed_on(ann, api, openai):
    response = api.post(url(comparison(ann)), {**JUDGE, "model": "stub?status=400&message=Too+long."})
    assert (response.status_code, response.json()) == (502, error("provider_error", "Too long.", {"status": 400}))


@pytest.mark.parametrize("failed", [(0,), (0, 1)])
def test_fewer_than_two_answers_are_refused(ann, api, openai, stub, failed):
    response = api.post(url(comparison(ann, failed=failed)), JUDGE)
    assert (response.status_code, response.json()) == (400, invalid(models="There must be two answers to judge."))
    assert stub.requests == []


def test_a_running_comparison_is_refused(ann, api, openai, stub):
    row = Comparison.objects.create(user=ann, prompt="x")
    assert (api.post(url(row), JUDGE).status_code, stub.requests) == (400, [])


def test_a_missing_key(ann, api, stub):
    Provider.objects.create(slug="keyless", name="Keyless", kind="openai")
    row = comparison(ann, analysis="Answer 2.")
    response = api.post(url(row), {"provider": "keyless", "model": "stub"})
    message = "There is no API key for keyless: store one with PUT /api/v1/keys/keyless."
    assert (response.status_code, response.json()) == (409, error("api_key_missing", message))
    assert (stored(row), stub.requests) == ("Answer 2.", [])


BAD = [
    ({}, ["model", "provider"]),
    ({"provider": "nobody", "model": "stub"}, ["provider"]),
    ({"provider": "openai"}, ["model"]),
    ({"provider": "openai", "model": ""}, ["model"]),
    ({"provider": ["openai"], "model": 5}, ["model", "provider"]),
    ({"provider": "openai", "model": "a\0b"}, ["model"]),
]


@pytest.mark.parametrize(("body", "fields"), BAD)
def test_bad_input(ann, api, openai, stub, body, fields):
    response = api.post(url(comparison(ann)), body)
    assert (response.status_code, sorted(response.json()["details"])) == (400, fields)
    assert stub.requests == []


def test_a_comparison_of_another_user_is_not_found(bob, api, openai, stub):
    response = api.post(url(comparison(bob)), JUDGE)
    assert (response.status_code, response.json()) == (404, error("not_found", "Not found."))
    assert api.post(f"/api/v1/comparisons/{UUID(int=1)}/analyze", JUDGE).status_code == 404
    assert stub.requests == []


def test_an_analysis_needs_a_login(ann, visitor, stub):
    assert visitor.post(url(comparison(ann)), JUDGE).status_code == 401


def test_no_free_slot(ann, api, openai, stub, settings):
    row, taken = comparison(ann), [Slot() for _ in range(settings.COMPLETION_SLOTS)]
    try:
        response = api.post(url(row), JUDGE)
    finally:
        for slot in taken:
            slot.release()
    assert (response.status_code, response.json()["error"]) == (503, "server_busy")
    assert stub.requests == []


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_and_a_deleted_comparison_stays_deleted(ann, api, openai, stub):
    row = comparison(ann)

    def judge():
        try:
            return api.post(url(row), {**JUDGE, "model": "stub?first=0.5&reply=x"})
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(judge)
        assert eventually(lambda: len(stub.requests) == 1)
        assert eventually(lambda: checked_out() in (None, 1))  # the one that asks
        assert not asked.done()
        assert api.delete(f"/api/v1/comparisons/{row.pk}").status_code == 204
        assert asked.result().status_code < 500
    assert not Comparison.objects.exists()
