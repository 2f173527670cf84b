"""What a call costs whom: reserved of the budgets before it is made, settled and kept as usage after.

A spender without a budget pays one statement for it, the insertion of the usage entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from models_registry import caches
from models_registry.api.fields import money
from models_registry.calls.measurement import Measurement
from models_registry.errors import BudgetExceeded, PriceUnknown
from models_registry.models import Budget, Reservation, UsageEntry
from models_registry.providers.base import Prompt
from models_registry.spending.budgets import leases
from models_registry.spending.budgets.bounds import allowance, answers_asked, ceiling, most_input_tokens
from models_registry.spending.budgets.sums import change
from models_registry.spending.models import Period
from models_registry.spending.money import MAX_AMOUNT
from models_registry.spending.usage.counting import counts_of
from perf.api.access import Access
from perf.caching.generations import CacheKey
from perf.db.inserting import insert

if TYPE_CHECKING:
    from models_registry.calls.completion import ResolvedModel

ATTEMPTS = 20  # at a reservation, when others change the same budgets between reading and writing


class Charge:
    """What one call costs its spender; `amount` in USD is reserved of `budgets`, and 0 without any."""

    def __init__(self, model: "ResolvedModel") -> None:
        self.id = uuid7()
        self.model = model
        self.amount = Decimal(0)
        self.budgets: list[tuple[UUID, Period]] = []
        self.reserved_at: datetime | None = None

    def reserve(self, prompt: Prompt, body: Mapping[str, Any] | None = None) -> Prompt:
        """Reserve what the call can cost at most; returns the prompt with the limit of its output that this takes.

        `body` is what is sent, if it is not the prompt. In a transaction the reservation becomes part of it. Raises
        BudgetExceeded, and PriceUnknown.
        """
        if not self.model.budgets:
            return prompt
        registered = self.model.registered
        window = None if registered is None else registered.context_window
        sent = most_input_tokens(prompt if body is None else body, window)
        rates = ceiling(registered, sent)
        if rates is None:
            raise PriceUnknown(provider=self.model.provider.slug, model=self.model.id)
        for attempt in range(ATTEMPTS):
            now = timezone.now()
            rows = [row.now(now) for row in Budget.objects.filter(pk__in=self.model.budgets).order_by("pk")]
            if not rows:  # deleted since the call was resolved
                return prompt
            tightest = min(rows, key=lambda row: row.left)
            allowed = allowance(registered, prompt, rates, tightest.left, sent=sent, answers=answers_asked(body))
            if allowed.amount > tightest.left or attempt == ATTEMPTS - 1:
                raise exceeded(tightest, needed=allowed.amount, at=now)
            if self._hold(rows, allowed.amount, now):
                return replace(prompt, max_tokens=allowed.max_tokens)
        raise AssertionError  # the last attempt raises

    def settle(self, measured: Measurement, *, failed: bool, again: bool = False) -> None:
        """Keep the usage, and replace what was reserved by what the call did cost; call it in a transaction.

        `again` says that an earlier try may have been committed though nobody heard of it.
        """
        if again and UsageEntry.objects.filter(pk=self.id).exists():
            return
        now, cost = timezone.now(), min(measured.cost or Decimal(0), MAX_AMOUNT)
        counts = counts_of(measured, failed=failed, cost=cost)
        lost = bool(self.amount) and not Reservation.objects.filter(pk=self.id).delete()[0]
        if lost:  # its time ran out, and it was booked whole, as an error: this entry is the difference
            counts |= {"requests": 0, "errors": counts["errors"] - 1, "cost": cost - self.amount}
        spender = spender_of(self.model.access)
        entry = UsageEntry(id=self.id, day=now.date(), created_at=now, **spender, **self._names(), **counts)
        insert([entry])
        for pk, period in self.budgets:
            if not lost:
                change(pk, at=now, spent=cost, reserved=-self.amount)
            elif self.reserved_at is not None and period.start(self.reserved_at) == period.start(now):
                change(pk, at=now, spent=cost - self.amount, reserved=Decimal(0))
        if self.amount:
            transaction.on_commit(partial(leases.let_go, self))

    def give_back(self) -> None:
        """Give back what was reserved for a call that is not made; without a trace in the usage."""
        with transaction.atomic():
            if self.amount and Reservation.objects.filter(pk=self.id).delete()[0]:
                for pk, _ in self.budgets:
                    change(pk, at=timezone.now(), reserved=-self.amount)
        leases.let_go(self)

    def _hold(self, budgets: Sequence[Budget], amount: Decimal, at: datetime) -> bool:
        """Reserve an amount of all budgets or of none; returns whether it is reserved."""
        self.budgets = [(row.pk, Period(row.period)) for row in budgets]
        if not amount:
            return True
        with transaction.atomic():
            Reservation.objects.create(
                id=self.id,
                **spender_of(self.model.access),
                **self._names(),
                amount=amount,
                budgets=[str(row.pk) for row in budgets],
                expires_at=at + leases.LEASE,
            )
            # Last, since others wait for the locks of these rows.
            if not all(change(row.pk, at=at, reserved=amount, within=True) for row in budgets):
                transaction.set_rollback(True)  # of this block only
                return False
        self.amount, self.reserved_at = amount, at
        transaction.on_commit(partial(leases.hold, self))
        return True

    def _names(self) -> dict[str, str]:
        return {
            "endpoint": self.model.access.endpoint,
            "provider": self.model.provider.slug,
            "model": self.model.id,
        }


def budgets_of(access: Access) -> tuple[UUID, ...]:
    """Return the ids of the budgets that hold for a spender: the user's, and those of the token."""
    found, _ = caches.budgets.fetch(budgets_key(access), lambda: _all_of(access.user_id))
    return tuple(UUID(pk) for pk, token in found if token in (None, str(access.token_id)))


def budgets_key(access: Access) -> CacheKey:
    """Return the key under which the budgets of a spender are cached."""
    return caches.budgets.key(access.user_id, "all")


def spender_of(access: Access) -> dict[str, Any]:
    """Write the columns of a spender."""
    return {"user_id": access.user_id, "token_id": access.token_id, "token_name": access.token_name}


def exceeded(budget: Budget, *, needed: Decimal, at: datetime) -> BudgetExceeded:
    """Say which budget does not cover a call of so many USD, and until when."""
    period = Period(budget.period)
    renews_at = period.end(at)
    whose = f"The token {budget.token_name or budget.token_id}" if budget.token_id else "You"
    verb = "has" if budget.token_id else "have"
    until = "" if renews_at is None else f" It is renewed at {renews_at:%Y-%m-%d %H:%M} UTC."
    return BudgetExceeded(
        f"{whose} {verb} {money(budget.left)} USD left of a budget of {money(budget.limit)} USD {period.label}, and "
        f"this call can cost {money(needed)} USD.{until}",
        details={
            "budget": str(budget.pk),
            "period": budget.period,
            "token": budget.token_id and str(budget.token_id),
            "limit": money(budget.limit),
            "spent": money(budget.spent),
            "reserved": money(budget.reserved),
            "left": money(budget.left),
            "needed": money(needed),
            "renews_at": renews_at and renews_at.isoformat().replace("+00:00", "Z"),
        },
        wait=None if renews_at is None else (renews_at - at).total_seconds(),
    )


def _all_of(user_id: int) -> list[list[str | None]]:
    rows = Budget.objects.filter(user_id=user_id).order_by("pk").values_list("pk", "token_id")
    return [[str(pk), None if token is None else str(token)] for pk, token in rows]
