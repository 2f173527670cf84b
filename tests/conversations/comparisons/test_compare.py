"""POST /compare."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conversations.completions.concurrency import Slot
from conversations.models import Comparison, ComparisonResult
from models_registry.models import APIKey, LLMModel, Provider
from tests.helpers import checked_out, client_for, closing_connection, error, eventually, free_slots, invalid, priced

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/compare"
OPENAI, ANTHROPIC = {"provider": "openai", "model": "stub"}, {"provider": "anthropic", "model": "stub"}
HELLO = {"prompt": "hello you there", "models": [ANTHROPIC, OPENAI]}
KEYLESS = {"provider": "keyless", "model": "stub"}
NO_KEY = "There is no API key for keyless: store one with PUT /api/v1/keys/keyless."


@pytest.fixture(autouse=True)
def providers(openai, anthropic):
    Provider.objects.create(slug="keyless", name="Keyless", kind="openai")


def stub_model(script, provider="openai"):
    return {"provider": provider, "model": f"stub?{script}"}


def compare(api, *models, **change):
    """Compare and return the answer's body."""
    response = api.post(URL, {**HELLO, **({"models": models} if models else {}), **change})
    assert response.status_code == 200, response.content
    return response.json()


def outline(answer):
    return [(each["response"], each["error"] and each["error"]["error"]) for each in answer["results"]]


def nothing_stored():
    return not (Comparison.objects.exists() or ComparisonResult.objects.exists())


# All goes well


@pytest.mark.django_db
def test_the_answers_in_the_order_asked_for(ann, api):
    answer = compare(api)
    row, (first, second) = Comparison.objects.get(user=ann), ComparisonResult.objects.order_by("index")
    assert answer == {
        "id": str(row.pk),
        "prompt": "hello you there",
        "attachments": None,
        "blind": False,
        "revealed": True,
        "preferred_index": None,
        "both_bad": False,
        "voted_at": None,
        "analysis": None,
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
        "results": [
            {
                "index": 0,
                "provider": "anthropic",
                "model": "stub",
                "response": "hello you there",
                "error": None,
                "time": first.time,
                "ttft": first.ttft,
                "reasoning": None,
                "finish_reason": "stop",
                **priced(3, 3),
            },
            {
                "index": 1,
                "provider": "openai",
                "model": "stub",
                "response": "hello you there",
                "error": None,
                "time": second.time,
                "ttft": second.ttft,
                "reasoning": None,
                "finish_reason": "stop",
                **priced(3, 3, "0.0000375", "registry"),
            },
        ],
    }
    assert first.time >= first.ttft > 0
    assert second.time >= second.ttft > 0


@pytest.mark.django_db
def test_the_answer_is_what_is_stored(api, openai):
    LLMModel.objects.create(
        provider=openai, model_id="stub?reply=x", name="x", input_price="0.000125", output_price="0.1"
    )
    answer = compare(api, OPENAI, stub_model("reply=x"), stub_model("cut=1"), KEYLESS)
    assert api.get(f"/api/v1/comparisons/{answer['id']}").json() == {**answer, "running": None}


@pytest.mark.django_db
def test_the_system_prompt_goes_to_all(api, stub):
    compare(api, system="Be brief.")
    bodies = {request.path: request.body for request in stub.requests}
    assert bodies["/v1/messages"]["system"] == "Be brief."
    assert bodies["/v1/chat/completions"]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello you there"},
    ]
    assert Comparison.objects.get().system == "Be brief."


@pytest.mark.django_db
def test_the_same_model_twice(api, stub):
    answer = compare(api, OPENAI, OPENAI)
    assert [(each["index"], each["provider"], each["model"]) for each in answer["results"]] == [
        (0, "openai", "stub"),
        (1, "openai", "stub"),
    ]
    assert outline(answer) == [("hello you there", None)] * 2
    assert len(stub.requests) == 2


@pytest.mark.django_db
def test_all_run_at_once(api):
    started = time.monotonic()
    answer = compare(api, *[stub_model(f"first=0.6&reply={name}") for name in "dbca"])
    assert time.monotonic() - started < 1.8  # one after the other they take 2.4
    assert [each["response"] for each in answer["results"]] == ["d", "b", "c", "a"]


@pytest.mark.django_db
def test_the_echo_compared_with_itself(api, echo):
    names = ["echo-fast", "echo-slow"]
    answer = compare(api, *[{"provider": "echo", "model": name} for name in names], prompt="hello")
    assert [(each["model"], each["response"]) for each in answer["results"]] == [(name, "hello") for name in names]


# One fails

FAILURES = [
    ("status=401", "", "api_key_refused"),
    ("status=429", "", "provider_rate_limited"),
    ("status=500&should_retry=false", "", "provider_error"),
    ("hang=first", "", "provider_timeout"),
    ("hang=mid", "hello you ", "provider_timeout"),
    ("cut=0", "", "provider_error"),
    ("cut=2", "hello you ", "provider_error"),
    ("end=early", "hello you there", "provider_error"),
    ("garbage=1", "hello you ", "provider_error"),
    ("garbage=html", "", "provider_error"),
    ("error=overloaded_error", "hello you ", "provider_error"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("script", "text", "code"), FAILURES)
def test_a_failure_harms_no_other_and_keeps_what_came(api, settings, script, text, code):
    settings.PROVIDER_READ_TIMEOUT = 0.3
    answer = compare(api, stub_model(script), OPENAI, stub_model(script, "anthropic"), stub_model("delay=0.05"))
    assert outline(answer) == [(text, code), ("hello you there", None)] * 2
    assert all(answer["results"][index]["error"]["message"] for index in (0, 2))
    stored = list(ComparisonResult.objects.order_by("index").values_list("response", "error"))
    assert stored == [(text, code), ("hello you there", "")] * 2


@pytest.mark.django_db
def test_a_bad_key(api, settings):
    settings.SYSTEM_API_KEYS = {**settings.SYSTEM_API_KEYS, "anthropic": "bad-key"}
    answer = compare(api)
    assert outline(answer) == [("", "api_key_refused"), ("hello you there", None)]
    assert "bad-key" not in str(answer)


@pytest.mark.django_db
def test_a_missing_key_is_the_error_of_one_result(api):
    answer = compare(api, KEYLESS, OPENAI)
    assert answer["results"][0] == {
        "index": 0,
        "provider": "keyless",
        "model": "stub",
        "response": "",
        "error": {"error": "api_key_missing", "message": NO_KEY},
        "time": None,
        "ttft": None,
        "reasoning": None,
        "finish_reason": None,
        **priced(),
    }
    assert outline(answer)[1] == ("hello you there", None)


@pytest.mark.django_db
def test_an_unreadable_key_too(ann, api, openai):
    APIKey.objects.create(user=ann, provider=openai, key_encrypted="junk", masked="****", override_system_key=True)
    assert outline(compare(api)) == [("hello you there", None), ("", "api_key_unreadable")]


@pytest.mark.django_db
def test_no_key_at_all(api, stub):
    response = api.post(URL, {**HELLO, "models": [KEYLESS, KEYLESS]})
    assert (response.status_code, response.json()) == (409, error("api_key_missing", NO_KEY))
    assert nothing_stored()
    assert stub.requests == []


@pytest.mark.django_db
def test_all_fail_in_their_own_way(api):
    answer = compare(api, stub_model("cut=1"), stub_model("status=401", "anthropic"))
    assert outline(answer) == [("hello ", "provider_error"), ("", "api_key_refused")]


# Bad input

PROMPTS = [None, 5, True, [], {}, "", " \n", "x" * 100_001, "a\0b", "a\ud800b"]
LISTS = [None, 5, "stub", {}, [], [OPENAI], [OPENAI] * 5]
MEMBERS = [
    ({"provider": "nobody", "model": "stub"}, ["models.1.provider"]),
    ({"provider": 5, "model": "stub"}, ["models.1.provider"]),
    ({"provider": "a\0b", "model": "stub"}, ["models.1.provider"]),
    ({"provider": "openai", "model": ""}, ["models.1.model"]),
    ({"provider": "openai", "model": "a\0b"}, ["models.1.model"]),
    ({"provider": "openai", "model": ["stub"]}, ["models.1.model"]),
    ({"provider": "openai", "model": "x" * 201}, ["models.1.model"]),
    ({"provider": "openai"}, ["models.1.model"]),
    ({}, ["models.1.model", "models.1.provider"]),
]
BAD = [
    *[({"prompt": value}, ["prompt"]) for value in PROMPTS],
    *[({"system": value}, ["system"]) for value in (5, True, [], {}, "x" * 100_001, "a\0b")],
    *[({"blind": value}, ["blind"]) for value in (None, "maybe", 5, [], {})],
    *[({"models": value}, ["models"]) for value in LISTS],
    *[({"models": [OPENAI, member]}, fields) for member, fields in MEMBERS],
]


@pytest.mark.django_db
@pytest.mark.parametrize("url", [URL, f"{URL}/stream"])
@pytest.mark.parametrize(("change", "fields"), BAD, ids=lambda value: ascii(value)[:40])
def test_bad_input_names_the_field(api, stub, settings, url, change, fields):
    body = json.dumps({**HELLO, **change})
    response = api.generic("POST", url, body, content_type="application/json")
    assert (response.status_code, response.json()["error"]) == (400, "invalid"), response.content
    assert sorted(response.json()["details"]) == fields
    assert nothing_stored()
    assert stub.requests == []
    assert free_slots() == settings.COMPLETION_SLOTS


@pytest.mark.django_db
@pytest.mark.parametrize("member", ["stub", None, 5, ["openai", "stub"]])
def test_a_model_that_is_no_object(api, stub, member):
    response = api.post(URL, {**HELLO, "models": [OPENAI, member]})
    assert response.status_code == 400, response.content
    assert [name.startswith("models.1") for name in response.json()["details"]] == [True]
    assert (nothing_stored(), stub.requests) == (True, [])


@pytest.mark.django_db
def test_what_is_left_out(api):
    response = api.post(URL, {})
    required = "This field is required."
    assert (response.status_code, response.json()) == (400, invalid(prompt=required, models=required))


@pytest.mark.django_db
def test_an_unknown_provider_among_good_ones(api):
    response = api.post(URL, {**HELLO, "models": [OPENAI, {"provider": "nobody", "model": "stub"}]})
    expected = invalid(
        models__1__provider="There is no provider with this name. The names are anthropic, keyless, openai."
    )
    assert (response.status_code, response.json()) == (400, expected)


@pytest.mark.django_db
def test_names_instead_of_objects(api):
    response = api.post(URL, {**HELLO, "models": [OPENAI, "openai/stub"]})
    expected = invalid(models__1="Must be an object with provider and model.")
    assert (response.status_code, response.json()) == (400, expected)


@pytest.mark.django_db
def test_visitors_have_none(visitor, stub):
    assert visitor.post(URL, HELLO).status_code == 401
    assert (nothing_stored(), stub.requests) == (True, [])


@pytest.mark.django_db
def test_a_comparison_counts_once_against_the_limit(ann, settings, stub):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "completion": "1/minute"}
    api = client_for(ann)
    compare(api)
    response = api.post(URL, HELLO)
    assert (response.status_code, response.json()["error"]) == (429, "throttled")
    assert (Comparison.objects.count(), len(stub.requests)) == (1, 2)


# Slots, threads, connections


@pytest.mark.django_db
def test_no_free_slot(api, stub, settings):
    taken = [Slot() for _ in range(settings.COMPLETION_SLOTS)]
    try:
        response = api.post(URL, HELLO)
    finally:
        for slot in taken:
            slot.release()
    assert (response.status_code, response.json()["error"]) == (503, "server_busy")
    assert response.headers["Retry-After"] == "1"
    assert (nothing_stored(), stub.requests) == (True, [])


@pytest.mark.django_db
@pytest.mark.parametrize("models", [[OPENAI, OPENAI], [stub_model("cut=0")] * 2, [KEYLESS] * 2])
def test_the_slot_is_given_back(api, settings, models):
    api.post(URL, {**HELLO, "models": models})
    assert free_slots() == settings.COMPLETION_SLOTS


def test_the_readers_end(api):
    compare(api, OPENAI, ANTHROPIC, stub_model("cut=1"), stub_model("status=401"))
    assert eventually(lambda: not [each for each in threading.enumerate() if each.name == "provider-reader"])
    assert checked_out() in (None, 1)  # the one that asks


def test_the_prompt_is_committed_and_no_connection_held_while_the_models_answer(api):
    with ThreadPoolExecutor(1) as thread:
        models = [stub_model("first=0.6")] * 4
        asked = thread.submit(closing_connection, lambda: compare(api, *models))
        assert eventually(Comparison.objects.exists)
        assert eventually(lambda: checked_out() in (None, 1))
        assert not ComparisonResult.objects.exists()
        assert not asked.done()
        assert len(asked.result()["results"]) == ComparisonResult.objects.count() == 4


def test_deleting_it_meanwhile(api, settings):
    with ThreadPoolExecutor(1) as thread:
        models = [stub_model("first=0.4")] * 2
        asked = thread.submit(closing_connection, lambda: api.post(URL, {**HELLO, "models": models}))
        assert eventually(Comparison.objects.exists)
        assert api.delete(f"/api/v1/comparisons/{Comparison.objects.get().pk}").status_code == 204
        assert asked.result().status_code < 500
    assert nothing_stored()
    assert free_slots() == settings.COMPLETION_SLOTS
