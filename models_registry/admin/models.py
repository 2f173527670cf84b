"""Models in the admin: what the catalogue says of them is corrected here, and models are switched off and on."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from models_registry.calls.costs import Rates
from models_registry.catalogue.history import staff_edit
from models_registry.catalogue.reconcile import CAPABILITIES, LIMITS, PRICES
from models_registry.catalogue.staff import give_back, set_enabled
from models_registry.models import LLMModel
from models_registry.query_plans import NEWEST_CHANGE_FIRST
from perf.pages.formatting import NONE, moment, per_million, quantity
from perf.pages.model_admin import TableAdmin, column, when, yes

CHANGES_SHOWN = 50  # of a model's history on its page
GIVE_BACK = "Follow the catalogue again: undo what staff changed, and take updates"
FOLLOWS = (
    "This row follows {}. If you change anything but Active, the row is yours: updates leave it alone from then on. "
    "The action \u201cFollow the catalogue again\u201d in the list of models undoes that."
)
OWN = (
    "This row is yours: updates leave it alone. The action \u201cFollow the catalogue again\u201d in the list of "
    "models undoes that."
)
AVAILABLE = yes("available", "in the provider's list", otherwise="no")
CHECKED = when("checked_at", "checked, UTC")
PRICE_NOTE = "USD per million tokens. If you change a price, it holds for prompts of any length, at any time."


@admin.register(LLMModel)
class LLMModelAdmin(TableAdmin):
    """Corrects what the catalogue says, and adds models it does not know; a sync leaves both alone from then on."""

    list_display = (
        "name",
        "state",
        "provider",
        column("context_window", lambda tokens: NONE if tokens is None else f"{tokens:,}", "context, tokens"),
        "prices",
        "from_whom",
    )
    list_filter = ("enabled", "provider", "available", "deprecated", "source")
    ordering = ("provider__slug", "model_id")
    list_select_related = ("provider",)
    search_fields = ("model_id", "name")
    search_help_text = "Part of a model's name or id."
    readonly_fields = ("source", AVAILABLE, CHECKED, "tiers", "history")
    actions = ("deactivate", "activate", "follow")

    def get_fieldsets(self, request: HttpRequest, obj: LLMModel | None = None) -> Any:  # noqa: ARG002
        """Say above the form what saving it does."""
        facts = [*(() if obj is None else ("source", AVAILABLE, CHECKED)), "deprecated"]
        prices = [name for name in PRICES if name.endswith("_price")]
        return [
            (None, {"fields": ("provider", "model_id", "name", "enabled"), "description": _what_saving_does(obj)}),
            ("Limits and abilities", {"fields": (*LIMITS, *CAPABILITIES)}),
            ("Prices", {"fields": (*prices, *(() if obj is None else ("tiers",))), "description": PRICE_NOTE}),
            ("What is known of it", {"fields": facts if obj is None else (*facts, "history")}),
        ]

    @admin.display
    def state(self, model: LLMModel) -> str:
        """Say whether it can be called, and what speaks against it."""
        if not model.enabled:
            return "deactivated"
        if not model.available:
            return "not in the provider's list"
        return "deprecated" if model.deprecated else "active"

    @admin.display(description="price in / out, per million tokens")
    def prices(self, model: LLMModel) -> str:
        """Write both prices, dashes where they are unknown."""
        return f"{per_million(model.input_price)} / {per_million(model.output_price)}"

    @admin.display(description="source")
    def from_whom(self, model: LLMModel) -> str:
        """Say who told us of it."""
        return str(LLMModel.Source(model.source).label)

    def save_model(self, request: HttpRequest, obj: LLMModel, form: Any, change: bool) -> None:
        """Make the row staff's own, or the next sync would undo the change; switching it off and on leaves it as it is.

        The rates by length and hour stay unless a price changed.
        """
        changed = set(form.changed_data)
        if not change or changed - {"enabled"}:
            obj.source = LLMModel.Source.STAFF
        if obj.price_tiers and changed.intersection(PRICES):
            obj.price_tiers = None
            messages.warning(request, "The new price holds for prompts of any length, at any time.")
        with staff_edit(obj):
            super().save_model(request, obj, form, change)

    @admin.action(description="Deactivate: nobody can call it, everything is kept", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[LLMModel]) -> None:
        """Refuse calls of models from now on."""
        self._set_enabled(request, queryset, enabled=False)

    @admin.action(description="Activate again", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[LLMModel]) -> None:
        """Let models be called again."""
        self._set_enabled(request, queryset, enabled=True)

    def _set_enabled(self, request: HttpRequest, queryset: QuerySet[LLMModel], *, enabled: bool) -> None:
        done = "Activated" if enabled else "Deactivated"
        rows = set_enabled(LLMModel.objects.filter(pk__in=queryset.values("pk")), enabled=enabled)
        for row in rows:
            self.log_change(request, row, f"{done}.")
        messages.success(request, f"{done} {quantity(len(rows), 'model')}.")

    @admin.action(description=GIVE_BACK, permissions=["change"])
    def follow(self, request: HttpRequest, queryset: QuerySet[LLMModel]) -> None:
        """Give rows of staff's own back to the catalogue."""
        followed, unknown = give_back(queryset.select_related("provider"))
        for row in followed:
            self.log_change(request, row, "Follows the catalogue again.")
        messages.success(request, f"Updated {quantity(len(followed), 'model')}.")
        if unknown:
            names = ", ".join(str(row) for row in unknown)
            messages.warning(request, f"Neither the catalogue nor the provider's list knows {names}.")

    @admin.display(description="by length and hour")
    def tiers(self, obj: LLMModel) -> SafeString | str:
        """Show the rates that depend on the length of the prompt and on the time of day."""
        kinds = [kind for kind in Rates._fields if any(kind in tier for tier in obj.price_tiers or ())]
        rows = [
            (
                f"{int(tier['above']) + 1:,}" if tier["above"] != "0" else "the first",
                f"{tier['from']:.5} to {tier['until']:.5}" if "from" in tier else "all day",
                *(per_million(Decimal(tier[kind])) if kind in tier else NONE for kind in kinds),
            )
            for tier in obj.price_tiers or ()
        ]
        heads = ("prompts from token", "hours, UTC", *(kind.replace("_", " ") for kind in kinds))
        return _table(heads, rows) if len(rows) > 1 else "The prices above hold always."

    @admin.display(description="newest changes")
    def history(self, obj: LLMModel) -> SafeString | str:
        """Show the newest changes of prices, limits and availability; the API pages through all of them."""
        named = {field.name: str(field.verbose_name) for field in LLMModel._meta.concrete_fields}
        changes = obj.changes.order_by(NEWEST_CHANGE_FIRST, "-id")[:CHANGES_SHOWN]
        rows = [
            (
                moment(change.changed_at),
                named.get(change.field, change.field),
                NONE if change.old is None else change.old,
                NONE if change.new is None else change.new,
                LLMModel.Source(change.source).label,
            )
            for change in changes
        ]
        return _table(("when, UTC", "what", "before", "after", "by"), rows) if rows else "None so far."


def _what_saving_does(model: LLMModel | None) -> str:
    if model is None:
        return "A model that you add is yours: updates leave it alone."
    if model.source == LLMModel.Source.STAFF:
        return OWN
    followed = "the catalogue" if model.source == LLMModel.Source.CATALOGUE else "the provider's own list"
    return FOLLOWS.format(followed)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> SafeString:
    head = format_html_join("", "<th>{}</th>", ((each,) for each in heads))
    cells = [format_html_join("", "<td>{}</td>", ((cell,) for cell in row)) for row in rows]
    body = format_html_join("", "<tr>{}</tr>", ((row,) for row in cells))
    return format_html(
        '<div class="small-table"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>', head, body
    )
