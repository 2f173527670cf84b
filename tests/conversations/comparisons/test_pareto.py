"""GET /leaderboard?by=…: ratings against cost and time, fronts, and how likely one model beats another."""

from datetime import UTC, datetime

import pytest

from conversations.comparisons.pareto import on_front
from conversations.models import Comparison, ComparisonResult
from tests.conversations.comparisons import MODELS, comparison
from tests.helpers import invalid

pytestmark = pytest.mark.django_db

URL = "/api/v1/leaderboard"
GPT, CLAUDE, LARGE, _ = MODELS
WRONG_TIME = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def votes(user, winner, loser, times, **fields):
    for _ in range(times):
        row = comparison(user, winner, loser, preferred_index=0, **fields)
        for index, cost, ttft in ((0, "0.02", 0.5), (1, "0.01", 0.9)):
            ComparisonResult.objects.filter(comparison=row, index=index).update(cost=cost, ttft=ttft, time=2)


def board(api, **query):
    response = api.get(URL, query)
    assert response.status_code == 200, response.content
    return response.json()


def names(rows):
    return [f"{row['provider']}/{row['model']}" for row in rows]


def test_the_whole_payload(ann, api):
    votes(ann, GPT, CLAUDE, 7)
    votes(ann, CLAUDE, GPT, 3)
    ComparisonResult.objects.filter(provider="openai").update(cost="0.02", ttft=0.5)
    ComparisonResult.objects.filter(provider="anthropic").update(cost="0.01", ttft=0.9)
    figures = {"votes": 10, "votes_needed": 0, "p50_time": 2.0}
    first = {"provider": "openai", "model": "gpt-x", "rating": 1071.9, "rating_low": 956.2, "rating_high": 1187.6}
    second = {"provider": "anthropic", "model": "claude-y", "rating": 928.1, "rating_low": 812.4, "rating_high": 1043.8}
    one, other = (
        {"provider": provider, "model": model} for provider, model in (("openai", "gpt-x"), ("anthropic", "claude-y"))
    )
    body = board(api, by="cost")
    assert body == {
        "results": [
            {**first, **figures, "p50_cost": "0.02", "p50_ttft": 0.5, "on_front": True},
            {**second, **figures, "p50_cost": "0.01", "p50_ttft": 0.9, "on_front": True},
        ],
        "pairs": [
            {**one, "against": other, "is_better": 0.8884, "is_preferred": 0.6817},
            {**other, "against": one, "is_better": 0.1116, "is_preferred": 0.3183},
        ],
    }
    assert [row["on_front"] for row in board(api, by="latency")["results"]] == [True, False]


def test_a_model_with_few_votes_has_no_rating_and_is_on_no_front(ann, api):
    votes(ann, GPT, CLAUDE, 4)
    body = board(api, by="cost")
    assert [(row["votes_needed"], row["rating"], row["on_front"]) for row in body["results"]] == [(1, None, False)] * 2
    assert body["pairs"] == []


def test_each_kind_of_prompts_has_its_own_winner(ann, api):
    votes(ann, GPT, CLAUDE, 6, prompt="Write a function in Python.")
    votes(ann, CLAUDE, GPT, 6, prompt="Write a poem about the sea.")
    found = board(api, by="category")["categories"]
    assert [(each["category"], names(each["results"])[0]) for each in found] == [("code", GPT), ("writing", CLAUDE)]


def test_only_votes_in_the_time_count(ann, api):
    votes(ann, GPT, CLAUDE, 2)
    Comparison.objects.update(voted_at=NOON)
    votes(ann, GPT, LARGE, 1)
    stamp = NOON.isoformat()
    assert names(board(api, by="cost", to="2026-05-02T00:00:00Z")["results"]) == [CLAUDE, GPT]
    assert board(api, by="cost", to=stamp)["results"] == []
    assert board(api, to=stamp) == {"results": []}
    assert names(board(api, **{"from": "2026-05-02T00:00:00Z"})["results"]) == [LARGE, GPT]
    assert board(api, by="cost", **{"from": stamp})["results"][0]["votes"] == 2
    assert names(board(api, by="cost", **{"from": "2026-05-02T00:00:00Z"})["results"]) == [LARGE, GPT]


def test_a_provider_narrows_what_is_shown_and_not_the_front(ann, api):
    votes(ann, GPT, CLAUDE, 6)
    ComparisonResult.objects.filter(provider="anthropic").update(cost="0.03")
    body = board(api, by="cost", provider="anthropic")
    assert [(row["provider"], row["on_front"]) for row in body["results"]] == [("anthropic", False)]
    assert [row["provider"] for row in body["pairs"]] == ["anthropic"]


def test_the_votes_of_others_are_theirs(ann, bob_api):
    votes(ann, GPT, CLAUDE, 6)
    assert board(bob_api, by="cost") == {"results": [], "pairs": []}
    assert board(bob_api, by="category") == {"categories": []}


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"by": "beauty"}, {"by": '"beauty" is not a valid choice.'}),
        ({"to": "tomorrow"}, {"to": WRONG_TIME}),
        ({"by": "cost", "from": ""}, {"from": WRONG_TIME}),
    ],
)
def test_what_is_refused(api, query, problem):
    response = api.get(URL, query)
    assert (response.status_code, response.json()) == (400, invalid(**problem))


@pytest.mark.parametrize(("count", "queries"), [(1, 2), (100, 2)])
def test_queries(ann, api, django_assert_num_queries, count, queries):
    votes(ann, GPT, CLAUDE, count)
    board(api, by="cost")
    with django_assert_num_queries(queries):
        board(api, by="latency")


def test_a_front_holds_what_no_other_beats_in_both():
    points = [(1000, 3.0), (1100, 3.0), (900, 1.0), (900, 1.0), (950, 2.0), (1200, None), (None, 0.0)]
    assert on_front(points) == [False, True, True, True, True, False, False]
