"""How budgets are asked for and shown."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from models_registry.api.fields import money
from models_registry.models import Budget
from models_registry.spending.budgets.keeping import LARGEST
from models_registry.spending.models import Period
from perf.api.fields import FilterField, IdField, TextField

AMOUNT = {"type": "number", "minimum": 0, "maximum": float(LARGEST)}
WRITTEN = {"type": "string", "format": "decimal", "pattern": r"^\d{1,7}(?:\.\d{0,6})?$"}


@extend_schema_field({"oneOf": [WRITTEN, AMOUNT]})
class LimitField(serializers.DecimalField):
    """USD, as a decimal string or a number."""

    def __init__(self, **options: Any) -> None:
        given = {"max_digits": 13, "decimal_places": 6, "min_value": 0, "max_value": LARGEST, **options}
        super().__init__(**given)

    def to_internal_value(self, data: Any) -> Any:
        """Check the type, which the parent does not."""
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class BudgetQuery(serializers.Serializer[Any]):
    """What the list can be narrowed by."""

    user = FilterField(max_length=150, help_text="For staff: the name of one user, instead of all.")


class BudgetInput(serializers.Serializer[Any]):
    """A budget to make: of yourself or of one of your tokens; staff make them for others, too."""

    user = TextField(max_length=150, required=False, help_text="For staff: whose budget; your own by default.")
    token = IdField(required=False, allow_null=True, help_text="One of the user's tokens; without it all they spend.")
    period = serializers.ChoiceField(choices=Period.choices, help_text="By the calendar in UTC.")
    limit = LimitField(help_text="USD")


class LimitInput(serializers.Serializer[Any]):
    """A new limit."""

    limit = LimitField(help_text="USD")


class BudgetOutput(serializers.Serializer[Any]):
    """A budget; amounts in USD. A call needs the cover of every budget that holds for it, so the lowest counts."""

    id = serializers.UUIDField()
    user = serializers.CharField()
    token = serializers.UUIDField(allow_null=True, help_text="Null: it is of all that the user spends.")
    token_name = serializers.CharField()
    period = serializers.ChoiceField(choices=Period.choices)
    limit = serializers.CharField()
    spent = serializers.CharField(help_text="In this period.")
    reserved = serializers.CharField(help_text="What calls under way may cost at most.")
    left = serializers.CharField(help_text="Neither spent nor reserved.")
    renews_at = serializers.DateTimeField(allow_null=True, help_text="Null: never.")
    by_staff = serializers.BooleanField(help_text="Its user cannot change it.")
    created_at = serializers.DateTimeField()


def budget_row(budget: Budget, at: datetime) -> dict[str, Any]:
    """Write a budget the way `BudgetOutput` documents it, as it is at a moment."""
    budget.now(at)
    return {
        "id": budget.pk,
        "user": budget.user.get_username(),
        "token": budget.token_id,
        "token_name": budget.token_name,
        "period": budget.period,
        **{name: money(getattr(budget, name)) for name in ("limit", "spent", "reserved", "left")},
        "renews_at": Period(budget.period).end(at),
        "by_staff": budget.by_staff,
        "created_at": budget.created_at,
    }
