"""Tokens and cost of a call as the API shows them."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from rest_framework import serializers

from conversations.completions.concurrency import storage_limit
from conversations.completions.storing import Storing
from conversations.models import ComparisonResult, Message
from models_registry.api.fields import money
from models_registry.calls.completion import Call
from models_registry.calls.costs import CostSource
from models_registry.calls.measurement import TOKENS, Measurement
from perf.db.connections import release

COUNTS = ("prompt_tokens", "completion_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
FIELDS = (*COUNTS, "cost", "cost_source", "estimated")


class UsageOutput(serializers.Serializer[Any]):
    """Tokens of a call; null where the provider does not report a kind."""

    prompt_tokens = serializers.IntegerField(help_text="All of the prompt.")
    completion_tokens = serializers.IntegerField(help_text="All that was written.")
    cache_read_tokens = serializers.IntegerField(allow_null=True, help_text="Of the prompt: read from a cache.")
    cache_write_tokens = serializers.IntegerField(allow_null=True, help_text="Of the prompt: written to a cache.")
    reasoning_tokens = serializers.IntegerField(allow_null=True, help_text="Of the completion: reasoning.")


class PricedOutput(serializers.Serializer[Any]):
    """The tokens and the cost of a call; all null where they are unknown."""

    prompt_tokens = serializers.IntegerField(allow_null=True)
    completion_tokens = serializers.IntegerField(allow_null=True)
    usage = UsageOutput(allow_null=True)
    cost = serializers.CharField(allow_null=True, help_text="USD")
    cost_source = serializers.ChoiceField(
        choices=CostSource.choices,
        allow_null=True,
        help_text="Whose figure the cost is. `estimated`: tokens were estimated; `legacy`: all tokens at list prices.",
    )
    estimated = serializers.BooleanField(help_text="Tokens were estimated from the text.")


def usage_row(values: Mapping[str, Any]) -> dict[str, Any] | None:
    """Write counts the way `UsageOutput` documents them; None without any."""
    return None if values["prompt_tokens"] is None else {name: values[name] for name in COUNTS}


def usage_event(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write values of `FIELDS` for the last event of a stream."""
    priced = priced_row(values)
    return {name: values[name] for name in COUNTS} | {
        name: priced[name] for name in ("cost", "cost_source", "estimated")
    }


def priced_row(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write values of `FIELDS` the way `PricedOutput` documents them."""
    return {
        "prompt_tokens": values["prompt_tokens"],
        "completion_tokens": values["completion_tokens"],
        "usage": usage_row(values),
        "cost": money(values["cost"]),
        "cost_source": None if values["cost"] is None else values["cost_source"] or CostSource.LEGACY,
        "estimated": values["estimated"],
    }


def settling(call: Call) -> Storing:
    """Keep the usage of a call, and settle its budgets, where nothing else of it is stored."""
    measured = call.measure()

    def settle(again: bool) -> None:
        with storage_limit.acquire():
            try:
                with transaction.atomic():
                    call.settle(measured, again=again)
            finally:
                release()

    return Storing(settle, provider=call.model.provider.slug, model=call.model.id)


def both(first: Measurement, second: Measurement) -> Measurement:
    """Join the figures of two calls that wrote one answer: counts, costs and times are sums, prices the second's."""

    def total(name: str) -> Any:
        known = [value for value in (getattr(first, name), getattr(second, name)) if value is not None]
        return sum(known[1:], known[0]) if known else None

    sources = (first.cost_source, second.cost_source)
    source = CostSource.ESTIMATED if CostSource.ESTIMATED in sources else second.cost_source or first.cost_source
    return second._replace(
        **{name: total(name) for name in ("cost", *TOKENS)},
        time=round(total("time"), 4),
        ttft=second.ttft if first.ttft is None else first.ttft,
        cost_source=source,
        estimated=first.estimated or second.estimated,
    )


def measurement(row: Message | ComparisonResult) -> Measurement:
    """Read the figures of a call back from the row that they were written to."""
    return Measurement(**{name: getattr(row, name) for name in Measurement._fields})
