"""Changes of what is spent and reserved of a budget: each is one atomic statement, which renews the budget too."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest, Least

from models_registry.models import Budget
from models_registry.spending.models import Period
from models_registry.spending.money import MAX_AMOUNT, MoneyField, usd


def change(pk: UUID, *, at: datetime, spent: Decimal | int = 0, reserved: Decimal, within: bool = False) -> bool:
    """Add to what is spent and reserved, in USD; with `within`, only if the limit still covers it.

    A period that is over at that moment ends with it: what was spent is forgotten, what calls under way have reserved
    is not, for it will be spent in the new period. Returns whether the budget was changed; it may be deleted.
    """
    starts = Case(*(When(period=period, then=Value(period.start(at))) for period in Period))
    over = Q(period_start__lt=starts)
    current = Case(When(over, then=usd(0)), default=F("spent"), output_field=MoneyField())
    rows = Budget.objects.filter(pk=pk)
    if within:
        rows = rows.filter(limit__gte=current + F("reserved") + usd(spent) + usd(reserved))
    changed = rows.update_quietly(
        # Bounded, so that no nonsense of a vendor exceeds what the column holds.
        spent=Greatest(Least(current, usd(MAX_AMOUNT)) + usd(spent), usd(0)),
        reserved=Greatest(F("reserved") + usd(reserved), usd(0)),
        period_start=Case(When(over, then=starts), default=F("period_start")),
    )
    return bool(changed)
