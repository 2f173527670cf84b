"""Money in the database: whole billionths of a thousandth of a USD, whose sums are exact on SQLite too."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.expressions import Combinable

COST_UNIT = Decimal("1e-12")  # USD: prices have six decimals per million tokens
MAX_AMOUNT = Decimal(4_000_000)  # USD of one row; what is more is counted as this, twice of which a bigint holds

if TYPE_CHECKING:
    _Integer = models.BigIntegerField[Decimal | int | Combinable, Decimal]
else:
    _Integer = models.BigIntegerField


class MoneyField(_Integer):
    """An amount of USD, a `Decimal` that is exact to 1e-12; the column is a bigint of such units.

    SQLite keeps decimals as floating point numbers, which would let a budget leak.
    """

    def get_internal_type(self) -> str:
        """Name the type of the column."""
        return "BigIntegerField"  # not that of a subclass, which no database knows

    def get_prep_value(self, value: Any) -> Any:
        """Write an amount in whole units; not as the parent does, which would round it to whole USD."""
        return None if value is None else int((Decimal(value) / COST_UNIT).to_integral_value())

    def from_db_value(self, value: Any, *_: Any) -> Decimal | None:
        """Read an amount, or a sum of amounts."""
        return None if value is None else int(value) * COST_UNIT

    def to_python(self, value: Any) -> Decimal | None:
        """Read an amount that is in USD already."""
        return None if value is None else Decimal(value)

    def formfield(self, **options: Any) -> Any:
        """Let people enter USD to a millionth."""
        return models.DecimalField(max_digits=13, decimal_places=6, verbose_name=self.verbose_name).formfield(**options)


def usd(amount: Decimal | int) -> models.Value:
    """Write an amount in an expression."""
    return models.Value(Decimal(amount), output_field=MoneyField())
