"""POST /replays and what comes of one, without interruptions."""

import csv
import io
import json
from decimal import Decimal

import pytest

from conversations.models import Comparison, ComparisonResult, Replay
from models_registry.models import LLMModel, UsageEntry
from perf.jobs.runner import run_all
from perf.models import Job
from tests.conversations.comparisons import comparison
from tests.conversations.comparisons.replays import NEW, OLD, REPLAYS, begin, replayed
from tests.conversations.history.archive.helpers import download
from tests.helpers import client_with, error, invalid, token_for

pytestmark = pytest.mark.django_db

SLOWER = {"provider": "openai", "model": "stub?reply=well"}


@pytest.fixture(autouse=True)
def providers(openai, anthropic):
    pass


def voted(ann, prompt, winner=OLD, **fields):
    return comparison(ann, winner, "mistral/large-z", **{"preferred_index": 0, "prompt": prompt, **fields})


def test_each_prompt_waits_beside_the_winner_of_then(ann, api, stub):
    old = voted(ann, "one", each={"cost": Decimal("0.5"), "time": 2.0, "ttft": 1.0})
    voted(ann, "two", winner="openai/stub")  # it would be a rival of its own
    comparison(ann, OLD, prompt="no vote")
    comparison(ann, OLD, "a/b", prompt="a tie", preferred_index=None)
    row = replayed(api)
    assert (row["state"], row["total"], row["done"], row["skipped"], row["interrupted"]) == ("done", 1, 1, {}, 0)
    [pk] = row["to_vote"]
    stored = Comparison.objects.get(pk=pk)
    assert (stored.prompt, stored.blind, stored.revealed, stored.replay_place) == ("one", True, False, 0)
    results = {f"{each.provider}/{each.model}": each for each in stored.results.all()}
    assert set(results) == {OLD, "openai/stub"}
    kept = results[OLD]
    assert (kept.response, kept.cost, kept.metered) == (old.results.get(index=0).response, Decimal("0.5"), False)
    assert results["openai/stub"].response == "one"
    assert [json.dumps(each.body).count("one") for each in stub.requests] == [1]
    assert row["spent"] == f"{results['openai/stub'].cost.normalize():f}" != "0"
    entry = UsageEntry.objects.get()  # the copied answer is no usage
    assert (entry.endpoint, entry.model, entry.cost) == ("replay-list", "stub", Decimal(row["spent"]))


def test_nothing_tells_which_is_which_before_the_vote(ann, api):
    voted(ann, "one", each={"cost": Decimal("0.5"), "time": 2.0, "ttft": 1.0, "finish_reason": "length"})
    row = replayed(api)
    url = f"{REPLAYS}/{row['id']}"
    [pk] = row["to_vote"]
    shown = api.get(f"/api/v1/comparisons/{pk}").json()
    kept = {"index", "response", "error"}
    assert all({name for name, value in each.items() if value is not None} <= kept for each in shown["results"])
    assert {name for each in shown["results"] for name in each if each[name] is not None} == {"index", "response"}
    table = api.get(f"{url}/table").json()["results"]
    assert [(each["provider"], each["cost"], each["time"]) for each in table[0]["answers"]] == [(None,) * 3] * 2
    written = api.get(f"{url}/table", HTTP_ACCEPT="text/csv").content.decode()
    assert [(each["model"], each["cost"]) for each in csv.DictReader(io.StringIO(written))] == [("", "")] * 2
    [outcome] = row["results"]
    assert (outcome["waiting"], outcome["answers"]["count"], outcome["winners"]["avg_cost"]) == (1, 0, None)
    assert {**api.get("/api/v1/comparisons").json()["results"][0], "running": None} == shown
    assert api.delete(url).status_code == 204
    assert api.get(f"/api/v1/comparisons/{pk}").json() == shown


def test_where_the_new_answer_stands_is_open(ann, api):
    for number in range(24):
        voted(ann, f"prompt {number}")
    replayed(api)
    places = ComparisonResult.objects.filter(comparison__replay__isnull=False, provider="openai")
    assert {each.index for each in places} == {0, 1}  # by chance alone one in 8 million runs


def test_votes_count_as_always_and_say_whether_it_would_have_won(ann, api):
    for number in range(6):
        voted(ann, f"prompt {number}", each={"cost": Decimal("0.25"), "time": 2.0})
    row = replayed(api)
    url = f"{REPLAYS}/{row['id']}"
    for number, pk in enumerate(row["to_vote"]):
        new = ComparisonResult.objects.get(comparison=pk, provider="openai").index
        body = {"preferred_index": None, "both_bad": True} if number == 5 else {"preferred_index": new}
        assert api.post(f"/api/v1/comparisons/{pk}/vote", body).status_code == 200
    ended = api.get(url).json()
    [outcome] = ended["results"]
    counts = [outcome[name] for name in ("wins", "losses", "ties", "both_bad", "failed", "waiting")]
    assert (counts, ended["to_vote"]) == ([5, 0, 0, 1, 0, 0], [])
    # Wilson's interval of 5 of 5 at 95 %: 5 / (5 + 1.96 ** 2)
    assert (outcome["win_rate"], outcome["win_rate_low"], outcome["win_rate_high"]) == (1.0, 0.5655, 1.0)
    assert outcome["would_have_won"] == "yes"
    assert (outcome["answers"]["count"], outcome["winners"]["count"], outcome["winners"]["avg_cost"]) == (6, 6, "0.25")
    assert outcome["winners"]["p50_time"] == 2.0
    board = {each["provider"]: each for each in api.get("/api/v1/leaderboard").json()["results"]}
    assert (board["openai"]["wins"], board["anthropic"]["losses"]) == (5, 5)
    rows = list(csv.DictReader(io.StringIO(api.get(f"{url}/table", HTTP_ACCEPT="text/csv").content.decode())))
    assert [(each["provider"], each["preferred"]) for each in rows if each["place"] == "0"] in (
        [("openai", "1"), ("anthropic", "0")],
        [("anthropic", "0"), ("openai", "1")],
    )


def test_of_a_prompt_that_was_voted_on_twice_the_last_winner_is_the_rival(ann, api):
    voted(ann, "one", winner="mistral/first")
    voted(ann, "one")
    assert [each["comparison"] for each in Replay.objects.get(pk=begin(api)["id"]).plan] == [
        str(Comparison.objects.latest("created_at").pk)
    ]


def test_a_category_and_a_limit_narrow_it(ann, api):
    for prompt in ("Write a Python function.", "Fix this SQL.", "A toast."):
        voted(ann, prompt)
    assert begin(api, source={"type": "tag", "tag": "code"})["total"] == 2
    assert begin(api, limit=1)["total"] == 1
    assert begin(api, NEW, SLOWER)["total"] == 6  # a pair for each model


def test_a_failed_answer_is_shown_and_nothing_to_vote_on(ann, api):
    voted(ann, "one")
    row = replayed(api, {"provider": "openai", "model": "stub?status=500"})
    assert (row["done"], row["to_vote"], row["results"][0]["failed"]) == (1, [], 1)
    assert Comparison.objects.get(replay__isnull=False).revealed


def test_it_stops_when_no_prompt_is_answered(ann, api, stub):
    for number in range(7):
        voted(ann, f"prompt {number}")
    row = replayed(api, {"provider": "openai", "model": "stub?status=401"})
    assert (row["state"], row["done"], row["stopped"]) == ("done", 5, "api_key_refused")
    assert row["error"]


def test_what_is_gone_or_changed_is_skipped(ann, api, stub):
    rows = [voted(ann, f"prompt {number}") for number in range(3)]
    pk = begin(api)["id"]
    rows[0].delete()
    api.delete(f"/api/v1/comparisons/{rows[1].pk}/vote")
    run_all()
    row = api.get(f"{REPLAYS}/{pk}").json()
    assert (row["done"], row["skipped"], row["interrupted"], len(stub.requests)) == (1, {"gone": 2}, 0, 1)


def test_a_token_that_is_revoked_ends_what_it_began(ann, api, stub):
    voted(ann, "one")
    by_token = client_with(token_for(ann))
    pk = begin(by_token)["id"]
    ann.api_tokens.all().delete()
    run_all()
    row = api.get(f"{REPLAYS}/{pk}").json()
    assert (row["state"], row["stopped"], row["done"], stub.requests) == ("done", "token_revoked", 0, [])


def test_a_token_replays_only_with_its_models(ann):
    voted(ann, "one")
    limited = client_with(token_for(ann, allowed_models=["anthropic/*"]))
    response = limited.post(REPLAYS, {"models": [NEW], "source": {"type": "voted"}})
    assert (response.status_code, response.json()["error"]) == (403, "model_not_allowed")


def test_it_is_cancelled_listed_and_deleted_and_its_votes_stay(ann, api, bob_api):
    voted(ann, "one")
    done = replayed(api)["id"]
    waiting = begin(api)["id"]
    assert api.delete(f"{REPLAYS}/{waiting}").json()["error"] == "replay_not_ended"
    assert api.post(f"{REPLAYS}/{waiting}/cancel").json()["state"] == "cancelled"
    assert api.post(f"{REPLAYS}/{waiting}/cancel").json()["error"] == "replay_ended"
    assert [each["id"] for each in api.get(REPLAYS).json()["results"]] == [waiting, done]
    assert bob_api.get(REPLAYS).json()["results"] == []
    assert bob_api.get(f"{REPLAYS}/{done}").status_code == 404
    assert api.delete(f"{REPLAYS}/{done}").status_code == 204
    assert (Comparison.objects.count(), Job.objects.count(), run_all()) == (2, 1, 0)


def test_a_user_has_five_at_once(ann, api):
    voted(ann, "one")
    for _ in range(5):
        begin(api)
    response = api.post(REPLAYS, {"models": [NEW], "source": {"type": "voted"}})
    said = "You have 5 replays that have not ended; wait for one, or cancel it."
    assert (response.status_code, response.json()) == (409, error("too_many_replays", said))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, {"source": "There is no prompt to replay: none with a winner that is another model."}),
        ({"source": {"type": "tag"}}, {"source__tag": "Give one of `tag` and `set`, as the type says."}),
        (
            {"source": {"type": "set", "set": "01a1fc02-1403-77e4-b9eb-0a7fbeb6d59f"}},
            {"source__set": "You have no set of prompts of this id."},
        ),
        ({"limit": 0}, {"limit": "Ensure this value is greater than or equal to 1."}),
        ({"models": [NEW] * 5}, {"models": "Ensure this field has no more than 4 elements."}),
    ],
)
def test_what_is_refused(api, body, problem):
    response = api.post(REPLAYS, {"models": [NEW], "source": {"type": "voted"}, **body})
    assert (response.status_code, response.json()) == (400, invalid(**problem))


def test_the_export_has_replays_and_sets(ann, api):
    voted(ann, "one")
    row = replayed(api, budget="0.5")
    kept = api.post("/api/v1/prompt-sets", {"name": "x", "prompts": [{"turns": ["x"]}]}).json()
    opened = download(api)
    mine, replay = opened.lines("replays")
    assert (mine["id"], mine["prompts"], replay["id"]) == (kept["id"], kept["prompts"], row["id"])
    assert (replay["budget"], replay["spent"], replay["done"]) == ("0.5", row["spent"], 1)
    assert [(each["replay_id"], each["replay_place"]) for each in opened.comparisons][1:] == [(row["id"], 0)]


def test_pages_cost_the_same_for_many(ann, api, django_assert_num_queries):
    for number in range(8):
        voted(ann, f"prompt {number}")
    pk = replayed(api)["id"]
    api.get(REPLAYS)
    for path, queries in ((REPLAYS, 2), (f"{REPLAYS}/{pk}", 4), (f"{REPLAYS}/{pk}/table", 4)):
        with django_assert_num_queries(queries):
            api.get(path)


# Budgets


@pytest.fixture
def priced(openai):
    """Let an answer of a thousand tokens cost a cent, and no model write more."""
    LLMModel.objects.filter(model_id="stub").update(max_output_tokens=1000, input_price="0", output_price="10")


def test_a_budget_is_never_exceeded(ann, api, stub, priced):
    for number in range(4):
        voted(ann, f"prompt {number}")
    # Each answer is two words, and may have 256 tokens at least, of which 260 are covered at first.
    row = replayed(api, budget="0.0026")
    assert (row["stopped"], row["done"], row["spent"]) == ("budget_exceeded", 3, "0.00006")
    assert row["error"] == "0.00254 USD are left of the replay's budget, and the next prompt can cost 0.00256 USD."
    assert [each.body["max_completion_tokens"] for each in stub.requests] == [260, 258, 256]
    assert Replay.objects.get().reserved == 0


def test_a_model_without_a_price_is_refused_with_a_budget(ann, api):
    voted(ann, "one")
    response = api.post(REPLAYS, {"models": [SLOWER], "source": {"type": "voted"}, "budget": 1})
    assert (response.status_code, response.json()["error"]) == (403, "price_unknown")


def test_the_users_own_budget_holds_too(ann, api, priced):
    for number in range(2):
        voted(ann, f"prompt {number}")
    assert api.post("/api/v1/budgets", {"period": "total", "limit": "0.000001"}).status_code == 201
    row = replayed(api)
    assert (row["stopped"], row["done"], row["spent"]) == ("budget_exceeded", 0, "0")
