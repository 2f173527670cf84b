"""GET /leaderboard/pairs."""

from datetime import UTC, datetime

import pytest

from tests.conversations.comparisons import MODELS, comparison

pytestmark = pytest.mark.django_db

URL = "/api/v1/leaderboard/pairs"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
GPT, CLAUDE, LARGE, FLASH = MODELS


def counts(api, **query):
    """Return (wins, losses, ties) of each pair of names."""
    response = api.get(URL, query)
    assert response.status_code == 200, response.content
    rows = response.json()["results"]
    name = "{provider}/{model}".format_map
    return {(name(row), name(row["against"])): (row["wins"], row["losses"], row["ties"]) for row in rows}


def test_the_whole_payload(ann, api):
    comparison(ann, preferred_index=0)
    gpt, claude = {"provider": "openai", "model": "gpt-x"}, {"provider": "anthropic", "model": "claude-y"}
    assert api.get(URL).json() == {
        "results": [
            {**claude, "against": gpt, "wins": 0, "losses": 1, "ties": 0},
            {**gpt, "against": claude, "wins": 1, "losses": 0, "ties": 0},
        ]
    }


def test_without_votes_it_is_empty(ann, api):
    comparison(ann)
    assert api.get(URL).json() == {"results": []}


def test_a_vote_is_on_the_pairs_of_the_preferred_answer(ann, api):
    comparison(ann, GPT, CLAUDE, LARGE, preferred_index=2)
    won, lost = (1, 0, 0), (0, 1, 0)
    assert counts(api) == {(LARGE, GPT): won, (GPT, LARGE): lost, (LARGE, CLAUDE): won, (CLAUDE, LARGE): lost}


def test_a_tie_is_on_all_pairs(ann, api):
    comparison(ann, GPT, CLAUDE, LARGE, preferred_index=None)
    assert counts(api) == dict.fromkeys(counts(api), (0, 0, 1))
    assert len(counts(api)) == 6


def test_what_does_not_count(ann, bob, api):
    comparison(ann, preferred_index=None, both_bad=True)
    comparison(ann, failed=(1,), preferred_index=0)
    comparison(ann, GPT, GPT, preferred_index=0)
    comparison(bob, preferred_index=0)
    assert counts(api) == {}


def test_since(ann, api):
    comparison(ann, preferred_index=0, voted_at=NOON)
    assert counts(api, since="2026-05-01T12:00:00Z") == counts(api)
    assert counts(api, since="2026-05-01T12:00:01Z") == {}
    assert api.get(URL, {"since": "yesterday"}).json()["error"] == "invalid"


def test_a_vote_counts_at_once(ann, api):
    row = comparison(ann)
    assert counts(api) == {}
    api.post(f"/api/v1/comparisons/{row.pk}/vote", {"preferred_index": 1})
    assert counts(api)[CLAUDE, GPT] == (1, 0, 0)


@pytest.mark.parametrize("number", [1, 100])
def test_it_takes_two_queries_for_any_number_of_votes(ann, api, django_assert_max_num_queries, number):
    for _ in range(number):
        comparison(ann, preferred_index=0)
    with django_assert_max_num_queries(2):
        assert counts(api)[GPT, CLAUDE] == (number, 0, 0)
