"""Budgets and sums of usage that many tests look at."""

from decimal import Decimal

import pytest
from django.utils import timezone

from models_registry.models import Budget, LLMModel, Reservation
from models_registry.spending.budgets.keeping import create_budget
from models_registry.spending.usage.reports import report


@pytest.fixture
def budget():
    """Make a budget of a user in USD."""

    def make(user, limit, *, period="month", **more):
        options = {"by_staff": False, **more}
        return create_budget(user_id=user.pk, period=period, limit=Decimal(limit), **options)

    return make


@pytest.fixture
def state():
    """Read what is spent and reserved of a budget, and how many reservations there are."""

    def read(budget):
        row = Budget.objects.get(pk=budget.pk)
        return row.spent, row.reserved, Reservation.objects.count()

    return read


@pytest.fixture
def used():
    """Sum today's usage of a user, or of all, by a group: the sums that are not nothing."""

    def read(user=None, group_by="endpoint"):
        today = timezone.now().date()
        found = report(first=today, last=today, group_by=group_by, user_id=user and user.pk)
        return [
            (*names.values(), {name: value for name, value in sums.items() if value}) for names, sums in found.groups
        ]

    return read


@pytest.fixture
def priced(openai):
    """Give models of the stub the prices of `stub`: 2.5 and 10 USD per million tokens."""

    def name(script, **more):
        LLMModel.objects.create(
            provider=openai, model_id=script, name=script, **{"input_price": "2.5", "output_price": "10", **more}
        )
        return script

    return name
