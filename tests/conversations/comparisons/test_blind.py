"""A blind comparison: nothing that could name a model is shown anywhere before the vote."""

import json

import pytest

from conversations.models import Comparison, ComparisonResult
from models_registry.models import LLMModel, Provider
from tests.conversations.comparisons import MODELS, comparison
from tests.helpers import client_for, each_event, events, invalid, priced

pytestmark = pytest.mark.django_db

URL = "/api/v1/comparisons"
COMPARE = "/api/v1/compare"
# What gives a model away: names, a price of 0.0000021 each, 1234 tokens, its provider's words, its address.
SECRETS = ["openai", "anthropic", "stub", "keyless", "gpt-x", "claude-y", "mistral", "gemini", "127.0.0.1", "1234"]
SECRETS += ["0.00000", "overloaded", "broke off", "api_key", "rate_limit", "API key", "sk-"]
WITHHELD = {"provider", "model", "reasoning", *priced()}
FIGURES = {"prompt_tokens": 1234, "completion_tokens": 1234, "cost": "0.0000021", "estimated": True}
FAILED = {"error": "provider_error", "message": "The model failed."}


@pytest.fixture
def body(openai, anthropic):
    """Ask four models: one answers, one fails before and one amid its answer, one has no key."""
    scripts = {"openai": "reply=Salt", "anthropic": "status=400&message=stub+is+overloaded", "keyless": ""}
    Provider.objects.create(slug="keyless", name="Keyless", kind="openai")
    LLMModel.objects.create(
        provider=openai, model_id="stub?reply=Salt", name="Stub", input_price="0.7", output_price="0.7"
    )
    models = [{"provider": provider, "model": f"stub?{script}"} for provider, script in scripts.items()]
    models.append({"provider": "openai", "model": "stub?cut=2"})
    return {"prompt": "Why is the sea", "models": models, "blind": True}


def hidden(row):
    return {**dict.fromkeys(WITHHELD), **row}


def no_leak(content):
    text = content.decode()
    assert [secret for secret in SECRETS if secret.lower() in text.lower()] == []
    return text


def no_leak_in(response, *, status=200):
    """Return the body of a response that gives nothing away."""
    assert response.status_code == status, response.content
    return json.loads(no_leak(response.content))


def withheld(results):
    """Assert that what is withheld is null, and that the rest is there."""
    for result in results:
        assert {name: result[name] for name in WITHHELD} == dict.fromkeys(WITHHELD)
        assert set(result) == WITHHELD | {"index", "response", "error", "time", "ttft", "finish_reason"}
        assert result["error"] in (None, FAILED)
    return results


def test_compare_and_whatever_shows_it_again(api, body):
    answer = no_leak_in(api.post(COMPARE, body))
    assert (answer["blind"], answer["revealed"]) == (True, False)
    results = withheld(answer["results"])
    assert [result["index"] for result in results] == [0, 1, 2, 3]
    assert sorted(result["response"] for result in results) == ["", "", "Salt", "Why is "]
    assert [result["error"] for result in results if result["response"] != "Salt"] == [FAILED] * 3
    whole = next(result for result in results if result["response"] == "Salt")
    assert whole["time"] >= whole["ttft"] > 0
    assert no_leak_in(api.get(f"{URL}/{answer['id']}")) == {**answer, "running": None}
    assert no_leak_in(api.get(URL))["results"] == [answer]


def test_the_stream(api, body):
    text = no_leak(b"".join(api.post(f"{COMPARE}/stream", body).streaming_content))
    received = [json.loads(line.removeprefix("data: ")) for line in text.split("\n") if line.startswith("data: ")]
    (complete,) = [each for each in received if each["event"] == "complete"]
    assert complete == hidden(
        {
            "event": "complete",
            "index": complete["index"],
            "response": "Salt",
            "error": None,
            "time": complete["time"],
            "ttft": complete["ttft"],
            "finish_reason": "stop",
        }
    )
    failures = [each for each in received if each["event"] == "error"]
    assert failures == [{"event": "error", "index": each["index"], **FAILED} for each in failures]
    assert len({each["index"] for each in failures} | {complete["index"]}) == 4
    chunks = [each for each in received if each["event"] == "chunk"]
    assert [(each["provider"], each["model"]) for each in chunks] == [(None, None)] * 3
    assert {frozenset(each) for each in chunks} == {
        frozenset({"event", "index", "provider", "model", "chunk", "time"}),
    }


@pytest.mark.django_db(transaction=True)
def test_a_stream_that_was_left(api, body):
    models = [{"provider": "openai", "model": "stub?hang=mid"}] * 2
    response = api.post(f"{COMPARE}/stream", {**body, "models": models, "on_disconnect": "stop"})
    received = each_event(response)
    while next(received)["event"] != "chunk":
        pass
    response.close()
    (answer,) = no_leak_in(api.get(URL))["results"]
    assert [result["error"] for result in withheld(answer["results"])] == [FAILED] * 2


def test_an_analysis(ann, api, stub, openai):
    row = comparison(ann, *MODELS, failed=(1,), each=FIGURES, blind=True, revealed=False)
    judge = {"provider": "openai", "model": "stub?reply=Answer+1+is+best."}
    answer = no_leak_in(api.post(f"{URL}/{row.pk}/analyze", judge))
    assert (answer["analysis"], answer["revealed"]) == ("Answer 1 is best.", False)
    withheld(answer["results"])


def test_clearing_a_vote_that_was_never_cast(ann, api):
    row = comparison(ann, *MODELS, failed=(1,), each=FIGURES, blind=True, revealed=False)
    answer = no_leak_in(api.delete(f"{URL}/{row.pk}/vote"))
    assert answer["revealed"] is False
    withheld(answer["results"])


def test_refusals(ann, api, openai):
    row = comparison(ann, *MODELS[:2], failed=(1,), each=FIGURES, blind=True, revealed=False)
    assert no_leak_in(api.post(f"{URL}/{row.pk}/vote", {"preferred_index": 1}), status=400)
    judge = {"provider": "openai", "model": "stub"}
    few = no_leak_in(api.post(f"{URL}/{row.pk}/analyze", judge), status=400)
    assert few == invalid(models="There must be two answers to judge.")
    assert no_leak_in(api.get(f"{URL}/{row.pk}"))["revealed"] is False


def test_the_browsable_pages(ann, api, openai):
    row = comparison(ann, "vendor/secret-1", "vendor/secret-2", each=FIGURES, blind=True, revealed=False)
    for url in (URL, f"{URL}/{row.pk}", f"{URL}/{row.pk}/vote"):
        html = api.get(url, HTTP_ACCEPT="text/html").content.decode()
        assert [secret for secret in ("secret-1", "vendor", "1234", "0.0000021") if secret in html] == []


# The order


def test_it_is_shuffled(api, openai):
    models = [{"provider": "openai", "model": f"stub?reply={letter}"} for letter in "abcd"]
    orders = set()
    for _ in range(12):  # all alike by chance once in 24 ** 11
        answer = api.post(COMPARE, {"prompt": "x", "models": models, "blind": True}).json()
        orders.add("".join(result["response"] for result in answer["results"]))
    assert len(orders) > 1
    assert {"".join(sorted(order)) for order in orders} == {"abcd"}


def test_it_is_shuffled_in_a_stream(api, openai):
    models = [{"provider": "openai", "model": f"stub?reply={letter}"} for letter in "abcd"]
    orders = set()
    for _ in range(12):
        received = events(api.post(f"{COMPARE}/stream", {"prompt": "x", "models": models, "blind": True}))
        chunks = {each["index"]: each["chunk"] for each in received if each["event"] == "chunk"}
        orders.add("".join(chunks[index] for index in range(4)))
    assert len(orders) > 1


def test_an_open_one_keeps_the_order(api, openai):
    models = [{"provider": "openai", "model": f"stub?reply={letter}"} for letter in "abcd"]
    for _ in range(3):
        answer = api.post(COMPARE, {"prompt": "x", "models": models}).json()
        assert [result["response"] for result in answer["results"]] == list("abcd")


# Revealing


def test_a_vote_reveals_and_each_name_stands_by_its_own_answer(api, openai):
    models = [{"provider": "openai", "model": f"stub?reply={letter}"} for letter in "abcd"]
    before = api.post(COMPARE, {"prompt": "x", "models": models, "blind": True}).json()
    after = api.post(f"{URL}/{before['id']}/vote", {"preferred_index": 2}).json()
    assert (after["blind"], after["revealed"], after["preferred_index"]) == (True, True, 2)
    assert [hidden_again(result) for result in after["results"]] == before["results"]
    for result in after["results"]:
        assert (result["provider"], result["model"]) == ("openai", f"stub?reply={result['response']}")
        assert (result["prompt_tokens"], result["completion_tokens"], result["estimated"]) == (1, 1, False)
    assert api.get(f"{URL}/{before['id']}").json() == {**after, "running": None}
    assert api.get(URL).json()["results"] == [after]


def hidden_again(result):
    return {name: None if name in WITHHELD else value for name, value in result.items()}


def test_a_tie_reveals_errors_and_all(ann, api):
    row = comparison(ann, failed=(1,), blind=True, revealed=False)
    answer = api.post(f"{URL}/{row.pk}/vote", {"preferred_index": None}).json()
    assert [result["model"] for result in answer["results"]] == ["gpt-x", "claude-y"]
    assert answer["results"][1]["error"]["message"] == "anthropic/claude-y broke off."


def test_what_was_revealed_stays_revealed(ann, api):
    row = comparison(ann, blind=True, preferred_index=0)
    cleared = api.delete(f"{URL}/{row.pk}/vote").json()
    assert (cleared["revealed"], cleared["voted_at"]) == (True, None)
    assert [result["model"] for result in cleared["results"]] == ["gpt-x", "claude-y"]
    assert api.get(f"{URL}/{row.pk}").json() == {**cleared, "running": None}


# The leaderboard


def test_it_does_not_count_until_the_vote(ann, bob):
    api, other = client_for(ann), client_for(bob)
    row = comparison(ann, each=FIGURES, blind=True, revealed=False)
    assert no_leak_in(api.get("/api/v1/leaderboard")) == {"results": []}
    api.post(f"{URL}/{row.pk}/vote", {"preferred_index": 0})
    assert {each["model"]: each["wins"] for each in api.get("/api/v1/leaderboard").json()["results"]} == {
        "gpt-x": 1,
        "claude-y": 0,
    }
    assert other.get("/api/v1/leaderboard").json() == {"results": []}
    api.delete(f"{URL}/{row.pk}/vote")
    assert api.get("/api/v1/leaderboard").json() == {"results": []}


def test_what_is_withheld_is_stored_all_the_same(api, body):
    api.post(COMPARE, body)
    assert Comparison.objects.get().hidden
    assert set(ComparisonResult.objects.values_list("provider", "error")) == {
        ("openai", ""),
        ("openai", "provider_error"),
        ("anthropic", "provider_error"),
        ("keyless", "api_key_missing"),
    }
