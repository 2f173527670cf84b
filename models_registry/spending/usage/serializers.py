"""What usage is asked for, and how it is shown."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from models_registry.api.fields import money
from models_registry.spending.usage.counting import COUNTS
from models_registry.spending.usage.reports import GROUPS
from perf.api.fields import FilterField

DAYS = 30  # of a report, unless it is asked for others
LONGEST = timedelta(days=3_700)
FORMATS = ("json", "csv")


class UsageQuery(serializers.Serializer[Any]):
    """Which usage to sum up, and by what."""

    to = serializers.DateField(required=False, help_text="The last day, in UTC; today by default.")
    group_by = serializers.ChoiceField(choices=GROUPS, default="day", help_text="`user` is for staff.")
    user = FilterField(max_length=150, help_text="For staff: the name of one user, instead of all.")
    format = serializers.ChoiceField(choices=FORMATS, required=False, help_text="`csv` like `Accept: text/csv`.")

    def get_fields(self) -> Any:
        """Add the field whose name is a word of Python."""
        first = serializers.DateField(required=False, help_text="The first day, in UTC; 30 days in all by default.")
        return {"from": first, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fill in the days. Raises ValidationError when they are none, or too many."""
        last: date = attrs.get("to") or timezone.now().date()
        first: date = attrs.get("from") or last - min(timedelta(days=DAYS - 1), last - date.min)
        if first > last:
            raise serializers.ValidationError({"from": "Must not be later than `to`."})
        if last - first > LONGEST:
            raise serializers.ValidationError({"from": f"Must be at most {LONGEST.days:,} days before `to`."})
        return {**attrs, "from": first, "to": last}


class UsageSums(serializers.Serializer[Any]):
    """The sums of some calls. What is part of `prompt_tokens` or `completion_tokens` is counted in them, too."""

    requests = serializers.IntegerField(help_text="Calls of models: a comparison of three makes three.")
    errors = serializers.IntegerField(  # type: ignore[assignment]  # a field, which the metaclass takes away
        help_text="Of them: those that failed."
    )
    unpriced = serializers.IntegerField(help_text="Of them: those whose cost is unknown.")
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cache_read_tokens = serializers.IntegerField(help_text="Of the prompt.")
    cache_write_tokens = serializers.IntegerField(help_text="Of the prompt.")
    cache_write_1h_tokens = serializers.IntegerField(help_text="Of those, for an hour.")
    reasoning_tokens = serializers.IntegerField(help_text="Of the completion.")
    input_audio_tokens = serializers.IntegerField(help_text="Of the prompt.")
    output_audio_tokens = serializers.IntegerField(help_text="Of the completion.")
    input_image_tokens = serializers.IntegerField(help_text="Of the prompt.")
    cost = serializers.CharField(help_text="USD")


class UsageRow(UsageSums):
    """The sums of a group, with the names of that by which was grouped."""

    day = serializers.DateField(required=False)
    month = serializers.CharField(required=False, help_text="As in 2026-11.")
    provider = serializers.CharField(required=False)
    model = serializers.CharField(required=False, help_text="With `provider`.")
    token = serializers.UUIDField(required=False, allow_null=True, help_text="Null: no token was used.")
    token_name = serializers.CharField(required=False, help_text="With `token`.")
    endpoint = serializers.CharField(required=False, help_text="The name of a route.")
    user = serializers.CharField(required=False, allow_null=True, help_text="Null: of deleted accounts.")


class UsageReport(serializers.Serializer[Any]):
    """Usage: groups of time by time, others by cost, dearest first."""

    to = serializers.DateField()
    group_by = serializers.ChoiceField(choices=GROUPS)
    total = UsageSums()
    results = UsageRow(many=True)

    def get_fields(self) -> Any:
        """Add the field whose name is a word of Python."""
        return {"from": serializers.DateField(), **super().get_fields()}


NAMES = {"token_id": "token"}  # of columns that are called otherwise outside


def sums_row(sums: Mapping[str, Any]) -> dict[str, Any]:
    """Write sums the way `UsageSums` documents them."""
    return {**{name: sums[name] for name in COUNTS}, "cost": money(sums["cost"])}


def usage_row(names: Mapping[str, Any], sums: Mapping[str, Any]) -> dict[str, Any]:
    """Write a group the way `UsageRow` documents it."""
    return {**{NAMES.get(name, name): value for name, value in names.items()}, **sums_row(sums)}
