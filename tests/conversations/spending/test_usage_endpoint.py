"""GET /usage: sums by every group, for users and for staff, as JSON and CSV, in few queries."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils import timezone

from models_registry.models import UsageDay, UsageEntry, UsageTotal
from models_registry.spending.usage.counting import COUNTS
from models_registry.spending.usage.rolling import roll_up
from tests.helpers import client_for, error, invalid

pytestmark = pytest.mark.django_db

URL = "/api/v1/usage"
TODAY = timezone.now().date
NOTHING = dict.fromkeys(COUNTS, 0)
TOKEN = UUID(int=7)


def entry(user, **fields):
    day = fields.pop("day", TODAY())
    values = {"endpoint": "chat", "provider": "openai", "model": "a", "requests": 1, "cost": Decimal("0.5"), **fields}
    created = timezone.now() - timedelta(days=400)
    return UsageEntry.objects.create(user=user, day=day, created_at=created, **values)


@pytest.fixture
def some(ann, bob):
    """Make usage of Ann and Bob, half of it rolled up."""
    entry(ann, prompt_tokens=10, completion_tokens=5)
    entry(ann, model="=b", errors=1, cost=0, day=TODAY() - timedelta(days=1))
    roll_up()
    entry(ann, model="=b", unpriced=1, cost=0, token_id=TOKEN, token_name="laptop")
    entry(bob, endpoint="compare", cost=2)


def groups(api, **query):
    answer = api.get(URL, query)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    for name in (*COUNTS, "cost"):
        assert Decimal(body["total"][name]) == sum(Decimal(row[name]) for row in body["results"])
    return [{name: value for name, value in row.items() if value not in (0, "0")} for row in body["results"]]


def test_days_by_default(api, some):
    body = api.get(URL).json()
    assert (body["from"], body["to"]) == (str(TODAY() - timedelta(days=29)), str(TODAY()))
    assert body["group_by"] == "day"
    total = {"requests": 3, "errors": 1, "unpriced": 1, "prompt_tokens": 10, "completion_tokens": 5, "cost": "0.5"}
    assert body["total"] == {**NOTHING, **total}
    assert [row["day"] for row in body["results"]] == [str(TODAY() - timedelta(days=1)), str(TODAY())]


def test_every_group(api, some):
    first = {"requests": 1, "prompt_tokens": 10, "completion_tokens": 5, "cost": "0.5"}
    other = {"requests": 2, "errors": 1, "unpriced": 1}
    whole = {**other, **first, "requests": 3}
    assert groups(api, group_by="model") == [
        {"provider": "openai", "model": "a", **first},
        {"provider": "openai", "model": "=b", **other},
    ]
    assert groups(api, group_by="provider") == [{"provider": "openai", **whole}]
    assert groups(api, group_by="endpoint") == [{"endpoint": "chat", **whole}]
    assert groups(api, group_by="token") == [
        {"token": None, "token_name": "", **first, "requests": 2, "errors": 1},
        {"token": str(TOKEN), "token_name": "laptop", "requests": 1, "unpriced": 1},
    ]


def test_months(api, ann):
    for day in ("2026-01-31", "2026-02-01", "2026-02-28"):
        entry(ann, day=day)
    found = groups(api, group_by="month", **{"from": "2026-01-01", "to": "2026-02-28"})
    assert found == [
        {"month": "2026-01", "requests": 1, "cost": "0.5"},
        {"month": "2026-02", "requests": 2, "cost": "1"},
    ]


def test_the_days_are_bounds_that_belong(api, ann):
    for day in ("2026-01-01", "2026-01-02", "2026-01-03"):
        entry(ann, day=day)
    assert [row["day"] for row in groups(api, **{"from": "2026-01-02", "to": "2026-01-02"})] == ["2026-01-02"]
    assert groups(api, to="2026-01-01") == [{"day": "2026-01-01", "requests": 1, "cost": "0.5"}]


def test_staff_see_everybody_or_one(staff, some):
    api = client_for(staff)
    assert groups(api, group_by="user") == [
        {"user": "bob", "requests": 1, "cost": "2"},
        {"user": "ann", "requests": 3, "errors": 1, "unpriced": 1, "prompt_tokens": 10, "completion_tokens": 5}
        | {"cost": "0.5"},
    ]
    assert groups(api, group_by="endpoint", user="bob") == [{"endpoint": "compare", "requests": 1, "cost": "2"}]
    assert len(groups(api, group_by="endpoint")) == 2
    assert groups(api, user="staff") == []
    assert api.get(URL, {"user": "nobody"}).json() == invalid(user="There is no user with this name.")


def test_users_see_themselves_only(api, some):
    refused = error("permission_denied", "Only staff see the usage of others.")
    for query in ({"user": "bob"}, {"user": "nobody"}, {"group_by": "user"}):
        answer = api.get(URL, query)
        assert (answer.status_code, answer.json()) == (403, refused)
    assert groups(api, user="ann", group_by="endpoint") == groups(api, group_by="endpoint")


@pytest.mark.parametrize("ask", [{"query": {"format": "csv"}}, {"headers": {"Accept": "text/csv, */*;q=0.1"}}])
def test_a_table(api, some, ask):
    query = {"group_by": "model", **ask.get("query", {})}
    answer = api.get(URL, query, headers=ask.get("headers", {}))
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="usage-')
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert list(rows[0]) == ["provider", "model", *COUNTS, "cost"]
    assert [(row["model"], row["requests"], row["cost"]) for row in rows] == [("a", "1", "0.5"), ("'=b", "2", "0")]


@pytest.mark.parametrize("group_by", ["day", "month", "provider", "token", "endpoint", "user"])
def test_tables_of_every_group_have_their_names(staff, some, group_by):
    answer = client_for(staff).get(URL, {"group_by": group_by, "format": "csv"})
    head = answer.content.decode().splitlines()[0].split(",")
    assert head[0] == group_by
    assert head[-1] == "cost"


def test_json_is_not_overruled(api, some):
    answer = api.get(URL, {"format": "json"}, headers={"Accept": "text/csv"})
    assert answer.json()["group_by"] == "day"


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ({"group_by": "week"}, {"group_by": '"week" is not a valid choice.'}),
        ({"format": "xml"}, {"format": '"xml" is not a valid choice.'}),
        (
            {"from": "yesterday"},
            {"from": "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."},
        ),
        ({"from": "2026-01-02", "to": "2026-01-01"}, {"from": "Must not be later than `to`."}),
        ({"from": "0001-01-01", "to": "2026-01-01"}, {"from": "Must be at most 3,700 days before `to`."}),
    ],
)
def test_bad_queries(api, query, details):
    answer = api.get(URL, query)
    assert (answer.status_code, answer.json()) == (400, invalid(**details))


def test_the_ends_of_time(api):
    assert api.get(URL, {"to": "0001-01-01"}).status_code == 200
    assert api.get(URL, {"from": "9999-12-31", "to": "9999-12-31"}).status_code == 200


def test_visitors_are_refused(visitor):
    assert visitor.get(URL).status_code == 401


@pytest.mark.parametrize("rows", [1, 100])
def test_queries_do_not_grow(staff, ann, rows, django_assert_num_queries):
    for number in range(rows):
        entry(ann, model=f"m{number}")
    roll_up()
    entry(ann)
    api = client_for(staff)
    with django_assert_num_queries(2):  # the user's state, and one statement
        assert api.get(URL, {"group_by": "model"}).status_code == 200


def test_sums_of_money_that_no_bigint_holds(api, ann):
    for _ in range(30):
        entry(ann, cost=1_000_000)
    assert api.get(URL).json()["total"]["cost"] == "30000000"
    roll_up()
    assert UsageDay.objects.get().cost == UsageTotal.objects.get().cost == 4_000_000  # no such sum is real
