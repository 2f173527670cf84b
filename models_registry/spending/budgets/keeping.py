"""Making and changing budgets. A call under way keeps what it has reserved, whatever happens to its budget."""

from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from models_registry.models import Budget
from models_registry.spending.models import Period
from models_registry.spending.usage.reports import spent_so_far

LARGEST = Decimal(1_000_000)  # USD
EXISTS = "There is such a budget already: change its limit."


def create_budget(
    *, user_id: int, period: str, limit: Decimal, by_staff: bool, token_id: UUID | None = None, token_name: str = ""
) -> Budget:
    """Make a budget, of which is spent what was used in its period so far. Raises ValidationError if there is one.

    Calls that are under way now do not count, since nothing was reserved for them.
    """
    now = timezone.now()
    of = Period(period)
    try:
        with transaction.atomic():
            return Budget.objects.create(
                user_id=user_id,
                token_id=token_id,
                token_name=token_name,
                period=of,
                limit=limit,
                spent=spent_so_far(user_id=user_id, token_id=token_id, period=of, at=now),
                period_start=of.start(now),
                by_staff=by_staff,
            )
    except IntegrityError as error:
        raise ValidationError({"period": EXISTS}) from error


def change_limit(pk: UUID, limit: Decimal) -> bool:
    """Change the limit, and nothing that calls change meanwhile; returns whether the budget is still there."""
    return bool(Budget.objects.filter(pk=pk).update(limit=limit))
