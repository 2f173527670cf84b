"""GET /leaderboard."""

from datetime import UTC, datetime, timedelta

import pytest

from conversations.comparisons.leaderboard import ENOUGH_PAIRS
from conversations.models import ComparisonResult
from tests.conversations.comparisons import MODELS, comparison
from tests.helpers import client_for

pytestmark = pytest.mark.django_db

URL = "/api/v1/leaderboard"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
GPT, CLAUDE, LARGE, FLASH = MODELS


def board(api, **query):
    response = api.get(URL, query)
    assert response.status_code == 200, response.content
    body = response.json()
    assert list(body) == ["results"]
    return body["results"]


def counts(api, **query):
    """Return (wins, losses, ties, comparisons) by name."""
    rows = board(api, **query)
    return {
        f"{row['provider']}/{row['model']}": (row["wins"], row["losses"], row["ties"], row["comparisons"])
        for row in rows
    }


def measured(row, index, **figures):
    ComparisonResult.objects.filter(comparison=row, index=index).update(**figures)


def test_the_whole_payload(ann, api):
    """Seven wins to three; ratings and intervals come from choix and numpy, as in test_bradley_terry."""
    for number in range(10):
        row = comparison(ann, preferred_index=0 if number < 7 else 1)
        measured(row, 0, time=number + 1, ttft=(number + 1) / 10, cost=f"0.00{number}")
    assert board(api) == [
        {
            "provider": "openai",
            "model": "gpt-x",
            "rating": 1071.9,
            "rating_low": 956.2,
            "rating_high": 1187.6,
            "votes_needed": 0,
            "wins": 7,
            "losses": 3,
            "ties": 0,
            "comparisons": 10,
            "win_rate": 0.7,
            "avg_cost": "0.0045",
            "p50_ttft": 0.55,
            "p95_time": 9.55,
        },
        {
            "provider": "anthropic",
            "model": "claude-y",
            "rating": 928.1,
            "rating_low": 812.4,
            "rating_high": 1043.8,
            "votes_needed": 0,
            "wins": 3,
            "losses": 7,
            "ties": 0,
            "comparisons": 10,
            "win_rate": 0.3,
            "avg_cost": None,
            "p50_ttft": None,
            "p95_time": None,
        },
    ]


def test_without_votes_it_is_empty(ann, api):
    comparison(ann)
    assert api.get(URL).json() == {"results": []}


# Which pairs count


def test_a_vote_among_four_decides_three_pairs(ann, api):
    comparison(ann, *MODELS, preferred_index=2)
    lost = (0, 1, 0, 1)
    assert counts(api) == {GPT: lost, CLAUDE: lost, LARGE: (3, 0, 0, 1), FLASH: lost}


def test_a_tie_among_four_is_six_pairs(ann, api):
    comparison(ann, *MODELS, preferred_index=None)
    assert counts(api) == dict.fromkeys(MODELS, (0, 0, 3, 1))
    assert {row["win_rate"] for row in board(api)} == {0.5}


def test_failed_results_do_not_count(ann, api):
    comparison(ann, *MODELS, failed=(1, 3), preferred_index=0)
    assert counts(api) == {GPT: (1, 0, 0, 1), LARGE: (0, 1, 0, 1)}


def test_a_single_good_answer_decides_no_pair(ann, api):
    comparison(ann, failed=(1,), preferred_index=0)
    (row,) = board(api)
    assert (row["wins"], row["losses"], row["ties"], row["comparisons"]) == (0, 0, 0, 1)
    assert (row["rating"], row["votes_needed"], row["win_rate"]) == (None, ENOUGH_PAIRS, None)


def test_a_model_makes_no_pair_with_itself(ann, api):
    comparison(ann, GPT, GPT, CLAUDE, preferred_index=0)
    assert counts(api) == {GPT: (1, 0, 0, 1), CLAUDE: (0, 1, 0, 1)}


def test_a_model_compared_with_itself_alone(ann, api):
    for _ in range(2 * ENOUGH_PAIRS):
        comparison(ann, GPT, GPT, preferred_index=1)
    (row,) = board(api)
    assert (row["wins"], row["losses"], row["comparisons"]) == (0, 0, 2 * ENOUGH_PAIRS)
    assert (row["rating"], row["rating_low"], row["rating_high"], row["win_rate"]) == (None, None, None, None)


def test_the_same_name_of_two_providers_is_two_models(ann, api):
    comparison(ann, "openai/same", "groq/same", preferred_index=1)
    assert counts(api) == {"openai/same": (0, 1, 0, 1), "groq/same": (1, 0, 0, 1)}


def test_only_the_users_own_votes_count(ann, bob, api):
    comparison(ann)
    comparison(ann, blind=True, revealed=False)
    comparison(bob, preferred_index=0)
    assert board(api) == []


def test_a_vote_counts_at_once(ann, api):
    row = comparison(ann)
    vote = f"/api/v1/comparisons/{row.pk}/vote"
    assert board(api) == []
    api.post(vote, {"preferred_index": 0})
    assert counts(api)[GPT] == (1, 0, 0, 1)
    api.post(vote, {"preferred_index": 1})
    assert counts(api)[GPT] == (0, 1, 0, 1)
    api.delete(vote)
    assert board(api) == []
    api.post(vote, {"preferred_index": None})
    assert counts(api)[GPT] == (0, 0, 1, 1)
    api.delete(f"/api/v1/comparisons/{row.pk}")
    assert board(api) == []


# Ratings


def test_no_rating_without_enough_pairs(ann, api):
    for _ in range(ENOUGH_PAIRS - 1):
        comparison(ann, preferred_index=0)
    rows = board(api)
    assert [row[name] for row in rows for name in ("rating", "rating_low", "rating_high")] == [None] * 6
    assert [row["win_rate"] for row in rows] == [0, 1]
    comparison(ann, preferred_index=0)
    first, second = board(api)
    assert (first["model"], first["rating"] > 1000, second["rating"] < 1000) == ("gpt-x", True, True)


def test_how_many_votes_are_needed_counts_down_to_the_rating(ann, api):
    for missing in range(ENOUGH_PAIRS - 1, -1, -1):
        comparison(ann, preferred_index=0)
        rows = board(api)
        assert [row["votes_needed"] for row in rows] == [missing, missing]
        assert [row["rating"] is None for row in rows] == [missing > 0] * 2
    comparison(ann, preferred_index=0)
    assert [row["votes_needed"] for row in board(api)] == [0, 0]


def test_a_vote_on_four_answers_counts_for_several(ann, api):
    comparison(ann, *MODELS, preferred_index=2)
    needed = {f"{row['provider']}/{row['model']}": row["votes_needed"] for row in board(api)}
    assert needed == {**dict.fromkeys(MODELS, ENOUGH_PAIRS - 1), LARGE: ENOUGH_PAIRS - 3}


def test_best_first_and_the_unrated_last(ann, api):
    for _ in range(6):
        comparison(ann, LARGE, FLASH, CLAUDE, preferred_index=1)
        comparison(ann, LARGE, CLAUDE, preferred_index=0)
    comparison(ann, "z/z", "a/z", "a/b", preferred_index=None)
    rows = board(api)
    names = [f"{row['provider']}/{row['model']}" for row in rows]
    assert names == [FLASH, LARGE, CLAUDE, "a/b", "a/z", "z/z"]
    ratings = [row["rating"] for row in rows[:3]]
    assert ratings == sorted(ratings, reverse=True)
    assert [row["rating"] for row in rows[3:]] == [None] * 3
    for row in rows[:3]:
        assert row["rating_low"] < row["rating"] < row["rating_high"]


def test_percentiles_of_one_answer_are_its_figures(ann, api):
    comparison(ann, each={"time": 1.25, "ttft": 0.5, "cost": "0.0000375"}, preferred_index=0)
    assert {(row["p95_time"], row["p50_ttft"], row["avg_cost"]) for row in board(api)} == {(1.25, 0.5, "0.0000375")}


def test_money_is_a_plain_decimal(ann, api):
    for number in range(3):
        row = comparison(ann, preferred_index=0)
        measured(row, 0, cost="0.0000000001" if number else "10")
        measured(row, 1, cost=0)
    assert [row["avg_cost"] for row in board(api)] == ["0", "3.3333333334"]  # claude-y, gpt-x: unrated, by name


# Filters


def test_filter_by_provider(ann, api):
    for _ in range(ENOUGH_PAIRS):
        comparison(ann, GPT, CLAUDE, LARGE, preferred_index=0)
    everything = board(api)
    assert board(api, provider="mistral") == [row for row in everything if row["provider"] == "mistral"]
    assert board(api, provider="nobody") == []
    assert board(api, provider="") == board(api, unknown="x") == everything


SINCES = [
    ("2026-05-01T11:00:00Z", 2),
    ("2026-05-01T12:00:00Z", 2),
    ("2026-05-01T12:00:01Z", 1),
    ("2026-05-01T14:00:00+02:00", 2),
    ("2026-05-01T12:00:00.5", 1),
    ("2026-05-01", 2),
    ("2026-05-02", 1),
    ("2026-05-03", 0),
]


@pytest.mark.parametrize(("since", "comparisons"), SINCES)
def test_filter_by_time(ann, api, since, comparisons):
    for moment in (NOON, NOON + timedelta(days=1)):
        comparison(ann, preferred_index=0, voted_at=moment)
    rows = board(api, since=since)
    assert [row["comparisons"] for row in rows] == ([comparisons] * 2 if comparisons else [])


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "2026-05-01T25:00:00Z", "1", "x" * 5000])
def test_an_invalid_since_is_refused(api, since):
    response = api.get(URL, {"since": since})
    assert (response.status_code, response.json()["error"]) == (400, "invalid")
    assert list(response.json()["details"]) == ["since"]


@pytest.mark.parametrize("since", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_since_at_the_limits_of_time(api, since):
    assert api.get(URL, {"since": since}).status_code in (200, 400)


@pytest.mark.parametrize("name", ["provider", "since"])
def test_nul_in_the_query_is_refused(api, name):
    response = api.get(URL, {name: "a\0b"})
    assert (response.status_code, response.json()["error"]) == (400, "invalid")


def test_a_leaderboard_needs_a_login(visitor):
    assert visitor.get(URL).status_code == 401


@pytest.mark.django_db(transaction=True)  # inside a transaction the user state is not cached
@pytest.mark.parametrize("count", [1, 100])
def test_it_takes_two_queries_for_any_number_of_votes(bob, django_assert_max_num_queries, count):
    for number in range(count):
        comparison(bob, *MODELS, preferred_index=number % 4)
    api = client_for(bob)
    api.get("/api/v1/auth/me")  # puts the user state into the cache
    with django_assert_max_num_queries(2):
        assert len(board(api)) == 4
