"""GET /comparisons, GET and DELETE /comparisons/{id}."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from conversations.models import Comparison, ComparisonResult
from tests.conversations.comparisons import MODELS, comparison
from tests.helpers import client_for, error, invalid, priced

pytestmark = pytest.mark.django_db

URL = "/api/v1/comparisons"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOT_FOUND = error("not_found", "Not found.")
FIGURES = {"time": None, "ttft": None, "reasoning": None, "finish_reason": None, **priced()}


def rows(user, count):
    """Make comparisons a minute apart and return their ids, newest first."""
    made = [comparison(user, created_at=NOON + timedelta(minutes=number)) for number in range(count)]
    return [str(row.pk) for row in reversed(made)]


def page(api, link, **query):
    response = api.get(link, query or None)
    assert response.status_code == 200, response.content
    return response.json()


def ids(page):
    return [row["id"] for row in page["results"]]


def test_a_row_is_the_whole_comparison(ann, api):
    row = comparison(ann, failed=(1,), preferred_index=0, voted_at=NOON, analysis="Answer 1.", created_at=NOON)
    expected = {
        "id": str(row.pk),
        "prompt": "Why is the sea salt?",
        "attachments": None,
        "blind": False,
        "revealed": True,
        "preferred_index": 0,
        "both_bad": False,
        "voted_at": "2026-05-01T12:00:00Z",
        "analysis": "Answer 1.",
        "created_at": "2026-05-01T12:00:00Z",
        "results": [
            {
                "index": 0,
                "provider": "openai",
                "model": "gpt-x",
                "response": "answer number 0",
                "error": None,
                **FIGURES,
            },
            {
                "index": 1,
                "provider": "anthropic",
                "model": "claude-y",
                "response": "answer number 1",
                "error": {"error": "provider_error", "message": "anthropic/claude-y broke off."},
                **FIGURES,
            },
        ],
    }
    assert page(api, URL) == {"next": None, "previous": None, "results": [expected]}
    assert page(api, f"{URL}/{row.pk}") == {**expected, "running": None}


def test_there_may_be_none(api):
    assert page(api, URL) == {"next": None, "previous": None, "results": []}


def test_one_that_still_runs_has_no_results_yet(ann, api):
    Comparison.objects.create(user=ann, prompt="x")
    assert page(api, URL)["results"][0]["results"] == []


def test_results_are_in_the_order_of_their_index(ann, api):
    row = Comparison.objects.create(user=ann, prompt="x")
    for index in (2, 0, 1):
        ComparisonResult.objects.create(comparison=row, index=index, provider="openai", model="stub")
    assert [result["index"] for result in page(api, URL)["results"][0]["results"]] == [0, 1, 2]


def test_newest_first_by_twenty(ann, api):
    wanted = rows(ann, 21)
    first = page(api, URL)
    assert (ids(first), first["previous"]) == (wanted[:20], None)
    assert first["next"].startswith(f"{URL}?")
    second = page(api, first["next"])
    assert (ids(second), second["next"]) == (wanted[20:], None)
    assert ids(page(api, second["previous"])) == wanted[:20]


def test_every_row_once_also_at_the_same_moment(ann, api):
    wanted = sorted((str(comparison(ann, created_at=NOON).pk) for _ in range(7)), reverse=True)
    link, found = f"{URL}?page_size=3", []
    while link:
        found += ids(current := page(api, link))
        link = current["next"]
    assert found == wanted


@pytest.mark.parametrize("size", ["0", "101", "abc", "-1"])
def test_sizes_that_are_none(api, size):
    response = api.get(URL, {"page_size": size})
    assert (response.status_code, response.json()) == (400, invalid(page_size="Must be a whole number from 1 to 100."))


def test_cursors_that_are_none(ann, bob_api, api):
    rows(ann, 2)
    link = page(api, URL, page_size=1)["next"]
    for response in (
        bob_api.get(link),
        api.get(URL, {"cursor": "mangled"}),
        api.get(link.replace("cursor=", "cursor=x")),
    ):
        assert (response.status_code, response.json()) == (400, invalid(cursor="Not a cursor of this list."))


def test_only_ones_own(ann, bob, api):
    theirs, mine = comparison(bob), comparison(ann)
    assert ids(page(api, URL)) == [str(mine.pk)]
    for response in (api.get(f"{URL}/{theirs.pk}"), api.delete(f"{URL}/{theirs.pk}")):
        assert (response.status_code, response.json()) == (404, NOT_FOUND)
    assert Comparison.objects.count() == 2


@pytest.mark.parametrize("pk", [UUID(int=1), "1", "x"])
def test_unknown_ones(api, pk):
    assert [api.get(f"{URL}/{pk}").status_code, api.delete(f"{URL}/{pk}").status_code] == [404, 404]


def test_deleting(ann, api):
    gone, left = comparison(ann, preferred_index=1), comparison(ann)
    response = api.delete(f"{URL}/{gone.pk}")
    assert (response.status_code, response.content) == (204, b"")
    assert set(ComparisonResult.objects.values_list("comparison_id", flat=True)) == {left.pk}
    assert ids(page(api, URL)) == [str(left.pk)]
    assert api.get(f"{URL}/{gone.pk}").status_code == api.delete(f"{URL}/{gone.pk}").status_code == 404


def test_visitors_have_none(ann, visitor):
    row = comparison(ann)
    for response in (visitor.get(URL), visitor.get(f"{URL}/{row.pk}"), visitor.delete(f"{URL}/{row.pk}")):
        assert response.status_code == 401
    assert Comparison.objects.exists()


@pytest.mark.django_db(transaction=True)  # inside a transaction the user state is not cached
@pytest.mark.parametrize("count", [1, 100])
def test_two_queries_for_any_number(bob, django_assert_max_num_queries, count):
    for _ in range(count):
        row = comparison(bob, *MODELS)
    api = client_for(bob)
    api.get("/api/v1/auth/me")  # puts the user state into the cache
    for link, wanted in ((f"{URL}?page_size=100", count), (URL, min(count, 20)), (f"{URL}/{row.pk}", 4)):
        with django_assert_max_num_queries(2):
            assert len(page(api, link)["results"]) == wanted
