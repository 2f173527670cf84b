"""Budgets in the admin: staff make them, see what is left of each, and change limits."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from models_registry.models import Budget
from models_registry.spending.budgets.keeping import EXISTS, LARGEST, change_limit
from models_registry.spending.models import Period
from models_registry.spending.usage.reports import spent_so_far
from perf.pages.formatting import NONE, moment, usd
from perf.pages.model_admin import TableAdmin, column, yes


class BudgetForm(forms.ModelForm[Budget]):
    """A user, a period and a limit; of a budget that is there, the limit alone."""

    limit = forms.DecimalField(
        max_digits=13,
        decimal_places=6,
        validators=[MinValueValidator(0), MaxValueValidator(LARGEST)],
        help_text="USD. What was used in the period so far counts.",
    )

    class Meta:
        model = Budget
        fields = ("user", "period", "limit")

    def clean(self) -> dict[str, Any]:
        """Refuse a second one of a kind."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.instance._state.adding and "user" in cleaned and "period" in cleaned:
            same = {"user": cleaned["user"], "period": cleaned["period"], "by_staff": True, "token_id": None}
            if Budget.objects.filter(**same).exists():
                self.add_error("period", EXISTS)
        return cleaned


@admin.register(Budget)
class BudgetAdmin(TableAdmin):
    """Bounds what users may spend; the API bounds single tokens, too."""

    form = BudgetForm
    list_display = (
        "user",
        "period",
        column("limit", usd, "limit"),
        column("spent", usd, "spent"),
        column("reserved", usd, "reserved"),
        "left_now",
        "renews",
        "token",
        yes("by_staff", "by staff"),
    )
    list_select_related = ("user",)
    list_filter = ("period", "by_staff")
    search_fields = ("user__username",)
    search_help_text = "Part of a user's name."
    ordering = ("-created_at", "-id")
    autocomplete_fields = ("user",)
    readonly_fields = ("spent", "reserved", "left_now", "renews", "token", "by_staff", "created_at")

    def title_of(self, row: Budget) -> str:
        """Name the user and the period."""
        return f"Budget of {row.user.get_username()} {Period(row.period).label}"

    def get_fields(self, request: HttpRequest, obj: Budget | None = None) -> tuple[Any, ...]:  # noqa: ARG002
        """Show what is spent once it is there."""
        return ("user", "period", "limit") if obj is None else ("user", "period", "limit", *self.readonly_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Budget | None = None) -> tuple[Any, ...]:  # noqa: ARG002
        """Keep whose it is."""
        return self.readonly_fields if obj is None else ("user", "period", *self.readonly_fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Budget]:
        """Load the users in the same query."""
        return super().get_queryset(request).select_related("user")

    @admin.display(description="left")
    def left_now(self, budget: Budget) -> str:
        """Say what is left now, though no call has renewed it yet."""
        return usd(budget.now(timezone.now()).left)

    @admin.display(description="renewed, UTC")
    def renews(self, budget: Budget) -> str:
        """Say when it is renewed."""
        return moment(Period(budget.period).end(timezone.now()))

    @admin.display
    def token(self, budget: Budget) -> str:
        """Name the token that it is for."""
        return budget.token_name or str(budget.token_id or NONE)

    def save_model(self, request: HttpRequest, obj: Budget, form: Any, change: bool) -> None:
        """Change the limit and nothing that calls change meanwhile; a new one counts what was used so far."""
        if change:
            change_limit(obj.pk, obj.limit)
            return
        now, period = timezone.now(), Period(obj.period)
        obj.by_staff, obj.period_start, obj.reserved = True, period.start(now), Decimal(0)
        obj.spent = spent_so_far(user_id=obj.user_id, token_id=None, period=period, at=now)
        super().save_model(request, obj, form, change)
