"""Usage and budgets in the admin: a page with charts, and budgets that staff make and change."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from models_registry.models import Budget, UsageEntry

pytestmark = pytest.mark.django_db

USAGE, BUDGETS = "/admin/models_registry/usageday/", "/admin/models_registry/budget/"


@pytest.fixture
def root(client):
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def some(ann):
    for number, model in enumerate(("gpt-5", "<b>odd</b>")):
        UsageEntry.objects.create(
            user=ann,
            day=timezone.now().date() - timedelta(days=number),
            endpoint="chat",
            provider="openai",
            model=model,
            requests=3,
            errors=number,
            cost=Decimal("1.25"),
        )


def test_usage_is_drawn(root, some):
    page = root.get(USAGE)
    assert page.status_code == 200
    text = page.text
    assert "$2.50" in text
    assert f"{timezone.now():%Y-%m-%d}: cost $1.25" in text
    assert "openai / gpt-5" in text
    assert "&lt;b&gt;odd&lt;/b&gt;" in text
    assert "<b>odd" not in text
    assert text.count("<svg") >= 3
    assert '<a href="?range=30d&amp;user=ann">ann</a>' in text


def test_of_one_user_and_of_another_range(root, some, bob):
    assert "Nothing was used in this range." in root.get(USAGE, {"user": "bob", "range": "7d"}).text
    text = root.get(USAGE, {"user": "ann", "range": "1y"}).text
    assert "$2.50" in text
    assert "Users, by cost" not in text
    assert "There is no user nobody" in root.get(USAGE, {"user": "nobody", "range": "x"}).text
    assert root.get(USAGE, {"user": "a\0b"}).status_code == 400


def test_usage_is_for_whom_may_see_it(client, staff, some):
    client.force_login(staff)
    assert client.get(USAGE).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_usageday"))
    assert client.get(USAGE).status_code == 200


def test_a_budget_is_made_once(root, ann, some):
    form = {"user": ann.pk, "period": "total", "limit": "20.50"}
    assert root.post(f"{BUDGETS}add/", form).status_code == 302
    row = Budget.objects.get()
    assert (row.user, row.limit, row.spent, row.by_staff) == (ann, Decimal("20.5"), Decimal("2.5"), True)
    again = root.post(f"{BUDGETS}add/", form)
    assert "There is such a budget already" in again.text
    text = root.get(BUDGETS).text
    assert "$20.50" in text
    assert "$18.00" in text


@pytest.mark.parametrize("limit", ["-1", "1000001", "0.0000001", "x", ""])
def test_a_limit_that_is_none(root, ann, limit):
    assert root.post(f"{BUDGETS}add/", {"user": ann.pk, "period": "day", "limit": limit}).status_code == 200
    assert not Budget.objects.exists()


def test_a_change_is_of_the_limit_alone(root, ann):
    row = Budget.objects.create(user=ann, period="day", limit=1, period_start=timezone.now())
    assert root.get(f"{BUDGETS}{row.pk}/change/").status_code == 200
    Budget.objects.all().update_quietly(spent="0.5")
    assert root.post(f"{BUDGETS}{row.pk}/change/", {"limit": "3", "period": "total", "user": 0}).status_code == 302
    row.refresh_from_db()
    assert (row.limit, row.spent, row.period) == (3, Decimal("0.5"), "day")
    assert root.post(f"{BUDGETS}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Budget.objects.exists()
