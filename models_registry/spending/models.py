"""Usage by call and by day, budgets, and what calls under way have reserved of them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from models_registry.spending.money import MoneyField
from perf.caching.querysets import InvalidatingQuerySet


def _count(help_text: str = "") -> "models.BigIntegerField[int, int]":
    return models.BigIntegerField(default=0, help_text=help_text)


class Counted(models.Model):
    """Sums of calls; a correction of earlier sums has negative ones. `day` is that of the end of the calls, in UTC."""

    day = models.DateField()
    endpoint = models.CharField(max_length=40, help_text="The name of the endpoint's route.")
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=200)
    requests = _count()
    errors = _count("Of the requests: those that failed.")
    unpriced = _count("Of the requests: those whose cost is unknown.")
    prompt_tokens = _count()
    completion_tokens = _count()
    cache_read_tokens = _count("Of the prompt tokens.")
    cache_write_tokens = _count("Of the prompt tokens.")
    cache_write_1h_tokens = _count("Of those, for an hour.")
    reasoning_tokens = _count("Of the completion tokens.")
    input_audio_tokens = _count("Of the prompt tokens.")
    output_audio_tokens = _count("Of the completion tokens.")
    input_image_tokens = _count("Of the prompt tokens.")
    cost = MoneyField(default=Decimal(0), help_text="USD")

    class Meta:
        abstract = True


class OfSpender(models.Model):
    """Whose call it was: a user's, None once the account is deleted, and with which token, None without one.

    Tokens are rows of another app, so their names are kept beside their ids. The user has no constraint in the
    database: storing an answer must not wait for the deletion of an account, nor fail by it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    token_id = models.UUIDField(null=True, blank=True)
    token_name = models.CharField(max_length=100, blank=True)

    class Meta:
        abstract = True


class UsageEntry(OfSpender, Counted):
    """The usage of one call, with the id of the call; moved into `UsageDay` and `UsageTotal` before long."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["user", "day"], name="idx_usageentry_user_day")]

    def __str__(self) -> str:
        return str(self.id)


class UsageDay(OfSpender, Counted):
    """The usage of one spender in one day by endpoint and model. Several rows of the same are as good as one."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = "usage"
        verbose_name_plural = "usage"
        indexes = [
            models.Index(fields=["user", "day"], name="idx_usageday_user_day"),
            models.Index(fields=["day"], name="idx_usageday_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.provider}/{self.model}"


class UsageTotal(Counted):
    """The usage of all users in one day by endpoint and model, so that its sum does not grow with the users."""

    class Meta:
        indexes = [models.Index(fields=["day"], name="idx_usagetotal_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.provider}/{self.model}"


class UsageMark(models.Model):
    """How far a table from before usage was kept has been counted: up to the id `counted`."""

    table = models.CharField(max_length=50, primary_key=True)
    counted = models.UUIDField()

    def __str__(self) -> str:
        return self.table


class Period(models.TextChoices):
    """How long a budget lasts before it is renewed, by the calendar in UTC."""

    DAY = "day", "a day"
    MONTH = "month", "a month"
    TOTAL = "total", "in total"

    def start(self, at: datetime) -> datetime:
        """Return the first moment of the period that holds a moment; of a total the beginning of all time."""
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        if self is Period.TOTAL:
            return midnight.replace(year=1970, month=1, day=1)
        return midnight.replace(day=1) if self is Period.MONTH else midnight

    def end(self, at: datetime) -> datetime | None:
        """Return the first moment after the period that holds a moment; None for a total."""
        if self is Period.TOTAL:
            return None
        later = self.start(at) + timedelta(days=32 if self is Period.MONTH else 1)
        return self.start(later)


class BudgetQuerySet(InvalidatingQuerySet["Budget"]):
    """Budgets; which a user has is cached, what is spent of them never."""


class Budget(models.Model):
    """The most that a user, or one of their tokens, may spend in a period.

    `spent` and `reserved` are of the period that began at `period_start`, until a call renews it: see `now()`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    token_id = models.UUIDField(null=True, blank=True, help_text="Empty: all that the user spends.")
    token_name = models.CharField(max_length=100, blank=True)
    period = models.CharField(max_length=5, choices=Period)
    limit = MoneyField(help_text="USD")
    spent = MoneyField(default=Decimal(0), editable=False, help_text="USD")
    reserved = MoneyField(default=Decimal(0), editable=False, help_text="USD, by calls under way")
    period_start = models.DateTimeField(editable=False)
    by_staff = models.BooleanField(default=False, editable=False, help_text="The user cannot change it.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = BudgetQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="idx_budget_user_created"),
            models.Index(fields=["-created_at", "-id"], name="idx_budget_created"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "period", "by_staff"],
                condition=models.Q(token_id__isnull=True),
                name="uniq_budget_user_period",
            ),
            models.UniqueConstraint(
                fields=["token_id", "period", "by_staff"],
                condition=models.Q(token_id__isnull=False),
                name="uniq_budget_token_period",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def now(self, at: datetime) -> "Budget":
        """Renew this object, and not its row, if its period is over at a moment; returns it."""
        start = Period(self.period).start(at)
        if self.period_start < start:
            self.spent, self.period_start = Decimal(0), start
        return self

    @property
    def left(self) -> Decimal:
        """What neither is spent nor reserved, in USD; not less than nothing."""
        return max(self.limit - self.spent - self.reserved, Decimal(0))


class Reservation(OfSpender):
    """What a call under way may cost at most, held in each of `budgets`; its id is that of the call.

    Its process postpones `expires_at` for as long as it lives.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.CharField(max_length=40)
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=200)
    amount = MoneyField(help_text="USD")
    budgets: "models.JSONField[Any, Any]" = models.JSONField(help_text="Ids of budgets.")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def budget_ids(self) -> list[UUID]:
        """The ids of the budgets, in their order."""
        return [UUID(each) for each in self.budgets]
