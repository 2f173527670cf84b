"""Budgets over HTTP: who sees, makes, changes and deletes which."""

from uuid import UUID

import pytest
from django.utils import timezone

from models_registry.models import Budget
from models_registry.spending.models import Period
from perf.api import token_names
from tests.helpers import client_for, error, invalid

pytestmark = pytest.mark.django_db

URL = "/api/v1/budgets"
TOKEN = UUID(int=7)
EXISTS = invalid(period="There is such a budget already: change its limit.")
BY_STAFF = error("permission_denied", "Staff made this budget; only they can change it.")


@pytest.fixture
def staff_api(staff):
    return client_for(staff)


@pytest.fixture
def laptop(ann, monkeypatch):
    """Give Ann a token, as the app that has tokens would."""
    names = {(ann.pk, TOKEN): "laptop"}
    monkeypatch.setattr(token_names, "FINDERS", [lambda user_id, token_id: names.get((user_id, token_id))])


def make(client, status=201, **body):
    answer = client.post(URL, {"period": "day", "limit": "2.50", **body})
    assert answer.status_code == status, answer.content
    return answer.json()


def test_one_for_oneself(api, ann):
    made = make(api)
    row = Budget.objects.get()
    tomorrow = Period.DAY.end(timezone.now())
    assert made == {
        "id": str(row.pk),
        "user": "ann",
        "token": None,
        "token_name": "",
        "period": "day",
        "limit": "2.5",
        "spent": "0",
        "reserved": "0",
        "left": "2.5",
        "renews_at": f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}",
        "by_staff": False,
        "created_at": made["created_at"],
    }
    assert api.get(f"{URL}/{row.pk}").json() == made
    assert api.get(URL).json() == {"next": None, "previous": None, "results": [made]}
    assert api.get(URL).headers["Cache-Control"] == "no-store"
    assert api.patch(f"{URL}/{row.pk}", {"limit": 3}).json() == {**made, "limit": "3", "left": "3"}
    assert api.delete(f"{URL}/{row.pk}").status_code == 204
    assert not Budget.objects.exists()


def test_one_of_each_kind(api, staff_api, ann):
    for period in ("day", "month", "total"):
        make(api, period=period)
        assert make(api, 400, period=period) == EXISTS
        make(staff_api, user="ann", period=period)  # beside the user's own: the lower one holds
        assert make(staff_api, 400, user="ann", period=period) == EXISTS
    assert [row["renews_at"] for row in api.get(URL).json()["results"] if row["period"] == "total"] == [None, None]


def test_a_token_has_its_own(api, ann, laptop):
    made = make(api, token=str(TOKEN))
    assert (made["token"], made["token_name"]) == (str(TOKEN), "laptop")
    assert make(api, 400, token=str(TOKEN)) == EXISTS
    make(api)


@pytest.mark.parametrize("who", ["bob_api", "staff_api"])
def test_a_token_of_somebody_else(request, who, laptop):
    answer = make(request.getfixturevalue(who), 400, token=str(TOKEN))
    assert answer == invalid(token="The user has no such token.")


def test_staff_may_bound_the_token_of_a_user(staff_api, laptop):
    assert make(staff_api, token=str(TOKEN), user="ann")["by_staff"] is True


def test_what_staff_made_is_theirs(api, staff_api, ann):
    path = f"{URL}/{make(staff_api, user='ann')['id']}"
    assert api.get(path).json()["by_staff"] is True
    for answer in (api.patch(path, {"limit": 100}), api.delete(path)):
        assert (answer.status_code, answer.json()) == (403, BY_STAFF)
    assert staff_api.patch(path, {"limit": "1"}).json()["limit"] == "1"
    assert staff_api.delete(path).status_code == 204


def test_those_of_others_are_not_found(api, bob_api, ann):
    path = f"{URL}/{make(api)['id']}"
    assert [bob_api.get(path).status_code, bob_api.patch(path, {"limit": 1}).status_code] == [404, 404]
    assert bob_api.delete(path).status_code == 404
    assert bob_api.get(URL).json()["results"] == []
    refused = bob_api.get(URL, {"user": "ann"})
    assert (refused.status_code, refused.json()["message"]) == (403, "Only staff see the budgets of others.")
    refused = bob_api.post(URL, {"user": "ann", "period": "day", "limit": 0})
    assert (refused.status_code, refused.json()["message"]) == (403, "Only staff make budgets for others.")


def test_staff_see_all_or_one_users(api, bob_api, staff_api):
    make(api)
    make(bob_api)
    assert [row["user"] for row in staff_api.get(URL).json()["results"]] == ["bob", "ann"]
    assert [row["user"] for row in staff_api.get(URL, {"user": "ann"}).json()["results"]] == ["ann"]
    assert staff_api.get(URL, {"user": "x"}).json() == invalid(user="There is no user with this name.")


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"period": "week"}, {"period": '"week" is not a valid choice.'}),
        ({"limit": -1}, {"limit": "Ensure this value is greater than or equal to 0."}),
        ({"limit": "1000001"}, {"limit": "Ensure this value is less than or equal to 1000000."}),
        ({"limit": "NaN"}, {"limit": "A valid number is required."}),
        ({"limit": "1e400"}, {"limit": "Ensure that there are no more than 13 digits in total."}),
        ({"limit": True}, {"limit": "A valid number is required."}),
        ({"limit": "0.0000001"}, {"limit": "Ensure that there are no more than 6 decimal places."}),
        ({"limit": None}, {"limit": "This field may not be null."}),
        ({"token": 7}, {"token": "Must be a valid UUID."}),
        ({"spent": 0}, {"spent": "Unknown field."}),
    ],
)
def test_bad_input(api, body, details):
    assert make(api, 400, **body) == invalid(**details)
    assert not Budget.objects.exists()


def test_a_change_does_not_undo_what_a_call_spends_meanwhile(api, ann):
    path = f"{URL}/{make(api)['id']}"
    Budget.objects.all().update_quietly(spent="1.5", reserved="0.25")
    changed = api.patch(path, {"limit": "2"}).json()
    assert (changed["spent"], changed["reserved"], changed["left"]) == ("1.5", "0.25", "0.25")
    assert api.patch(path, {"limit": "1"}).json()["left"] == "0"


@pytest.mark.parametrize("rows", [1, 100])
def test_queries_do_not_grow(staff, ann, rows, django_assert_num_queries):
    Budget.objects.bulk_create(
        Budget(user=ann, token_id=UUID(int=number), period="day", limit=1, period_start=timezone.now())
        for number in range(rows)
    )
    api = client_for(staff)
    with django_assert_num_queries(2):
        assert len(api.get(URL, {"page_size": 100}).json()["results"]) == rows


@pytest.mark.django_db(transaction=True)
def test_a_new_budget_holds_at_once(api, ann, openai):
    hello = {"provider": "openai", "model": "stub", "message": "x"}
    assert api.post("/api/v1/chat", hello).status_code == 200
    made = make(api, limit=0)
    assert api.post("/api/v1/chat", hello).status_code == 429
    api.delete(f"{URL}/{made['id']}")
    assert api.post("/api/v1/chat", hello).status_code == 200
