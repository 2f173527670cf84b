"""POST and DELETE /comparisons/{id}/vote."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connection
from django.utils.dateparse import parse_datetime

from conversations.models import Comparison
from tests.conversations.comparisons import MODELS, comparison
from tests.helpers import client_for, error, invalid, priced

pytestmark = pytest.mark.django_db

NOT_GOOD = invalid(preferred_index="Must be the index of a result without an error, or null.")


def url(row):
    return f"/api/v1/comparisons/{row.pk}/vote"


def vote(api, row, index):
    response = api.post(url(row), {"preferred_index": index})
    assert response.status_code == 200, response.content
    return response.json()


def unchanged(row):
    return Comparison.objects.values("preferred_index", "voted_at", "revealed").get(pk=row.pk) == {
        "preferred_index": row.preferred_index,
        "voted_at": row.voted_at,
        "revealed": row.revealed,
    }


def test_it_answers_the_comparison(ann, api):
    row = comparison(ann, each={"time": 1.5, "ttft": 0.25, "cost": "0.5", "prompt_tokens": 3, "completion_tokens": 4})
    answer = vote(api, row, 1)
    row.refresh_from_db()
    figures = {"time": 1.5, "ttft": 0.25, "reasoning": None, "finish_reason": None, **priced(3, 4, "0.5", "legacy")}
    assert answer == {
        "id": str(row.pk),
        "prompt": "Why is the sea salt?",
        "attachments": None,
        "blind": False,
        "revealed": True,
        "preferred_index": 1,
        "both_bad": False,
        "voted_at": row.voted_at.isoformat().replace("+00:00", "Z"),
        "analysis": None,
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
        "results": [
            {
                "index": 0,
                "provider": "openai",
                "model": "gpt-x",
                "response": "answer number 0",
                "error": None,
                **figures,
            },
            {
                "index": 1,
                "provider": "anthropic",
                "model": "claude-y",
                "response": "answer number 1",
                "error": None,
                **figures,
            },
        ],
    }
    assert api.get(f"/api/v1/comparisons/{row.pk}").json() == {**answer, "running": None}


def test_a_vote_can_be_changed(ann, api):
    row = comparison(ann)
    first, second = vote(api, row, 0), vote(api, row, 1)
    assert (first["preferred_index"], second["preferred_index"]) == (0, 1)
    assert parse_datetime(second["voted_at"]) > parse_datetime(first["voted_at"])


def test_a_tie(ann, api):
    answer = vote(api, comparison(ann), None)
    assert (answer["preferred_index"], answer["voted_at"] is not None) == (None, True)


def test_all_are_bad(ann, api):
    row = comparison(ann, blind=True, revealed=False)
    api.get("/api/v1/comparisons")
    response = api.post(url(row), {"preferred_index": None, "both_bad": True})
    answer = response.json()
    assert (response.status_code, answer["preferred_index"], answer["both_bad"]) == (200, None, True)
    assert (answer["voted_at"] is not None, answer["revealed"], answer["results"][0]["model"]) == (True, True, "gpt-x")
    assert api.get("/api/v1/comparisons").json()["results"] == [answer]


def test_all_are_bad_and_one_is_preferred(ann, api):
    row = comparison(ann)
    response = api.post(url(row), {"preferred_index": 1, "both_bad": True})
    assert (response.status_code, response.json()) == (
        400,
        invalid(both_bad="Must not be true when a result is preferred."),
    )
    assert unchanged(row)


@pytest.mark.parametrize("index", [0, None])
def test_another_vote_replaces_that_all_are_bad(ann, api, index):
    row = comparison(ann, preferred_index=None, both_bad=True)
    answer = vote(api, row, index)
    assert (answer["preferred_index"], answer["both_bad"]) == (index, False)


def test_clearing_that_all_are_bad(ann, api):
    row = comparison(ann, preferred_index=None, both_bad=True)
    answer = api.delete(url(row)).json()
    assert (answer["both_bad"], answer["voted_at"]) == (False, None)


@pytest.mark.parametrize("value", [None, 1, "true", [], {}])
def test_what_is_no_flag(ann, api, value):
    response = api.post(url(comparison(ann)), {"preferred_index": None, "both_bad": value})
    assert (response.status_code, list(response.json()["details"])) == (400, ["both_bad"])


def test_clearing(ann, api):
    row = comparison(ann, preferred_index=1)
    response = api.delete(url(row))
    assert response.status_code == 200
    assert (response.json()["preferred_index"], response.json()["voted_at"]) == (None, None)
    assert api.get(f"/api/v1/comparisons/{row.pk}").json() == {**response.json(), "running": None}


def test_clearing_what_is_not_there(ann, api):
    assert api.delete(url(comparison(ann))).json()["voted_at"] is None


def test_a_result_that_did_not_fail(ann, api):
    assert vote(api, comparison(ann, *MODELS, failed=(0, 2)), 3)["preferred_index"] == 3


@pytest.mark.parametrize("index", [-1, 2, 10**30])
def test_an_index_out_of_range(ann, api, index):
    row = comparison(ann)
    response = api.post(url(row), {"preferred_index": index})
    assert (response.status_code, response.json()) == (400, NOT_GOOD)
    assert unchanged(row)


def test_a_failed_result(ann, api):
    row = comparison(ann, *MODELS, failed=(1,), blind=True, revealed=False)
    response = api.post(url(row), {"preferred_index": 1})
    assert (response.status_code, response.json()) == (400, NOT_GOOD)
    assert unchanged(row)


def test_a_refused_change_keeps_the_vote(ann, api):
    row = comparison(ann, preferred_index=1)
    assert api.post(url(row), {"preferred_index": 5}).status_code == 400
    assert unchanged(row)


def test_nothing_to_vote_on(ann, api):
    row = comparison(ann, failed=(0, 1))
    response = api.post(url(row), {"preferred_index": None})
    assert (response.status_code, list(response.json()["details"])) == (400, ["preferred_index"])
    assert unchanged(row)


@pytest.mark.parametrize("body", [{"preferred_index": value} for value in (True, False, "1", "", 1.0, 0.5, [], {})])
def test_what_is_no_index(ann, api, body):
    row = comparison(ann)
    response = api.post(url(row), body)
    assert (response.status_code, list(response.json()["details"])) == (400, ["preferred_index"])
    assert unchanged(row)


def test_the_index_is_required(ann, api):
    response = api.post(url(comparison(ann)), {})
    assert (response.status_code, response.json()) == (400, invalid(preferred_index="This field is required."))


@pytest.mark.parametrize("method", ["post", "delete"])
def test_a_foreign_comparison(bob, api, method):
    row = comparison(bob, preferred_index=0)
    response = getattr(api, method)(url(row), {"preferred_index": 1})
    assert (response.status_code, response.json()) == (404, error("not_found", "Not found."))
    assert unchanged(row)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["post", "delete"])
def test_one_that_is_deleted_meanwhile_is_not_found(ann, method):
    def request(verb, path):
        try:
            return getattr(client_for(ann), verb)(path, {"preferred_index": 1}).status_code
        finally:
            connection.close()

    seen = set()
    with ThreadPoolExecutor(6) as pool:
        for _ in range(8):
            path = url(comparison(ann, preferred_index=0))
            votes = [pool.submit(request, method, path) for _ in range(5)]
            assert pool.submit(request, "delete", path.removesuffix("/vote")).result() == 204
            seen |= {vote.result() for vote in votes}
    assert seen <= {200, 404}


@pytest.mark.parametrize("pk", [UUID(int=1), "1", "x"])
def test_an_unknown_comparison(api, pk):
    response = api.post(f"/api/v1/comparisons/{pk}/vote", {"preferred_index": 1})
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


def test_visitors_have_none(ann, visitor):
    row = comparison(ann)
    assert visitor.post(url(row), {"preferred_index": 1}).status_code == 401
    assert visitor.delete(url(row)).status_code == 401
    assert unchanged(row)
