"""What calls of models take: recorded for every call, shown on the performance page, in reports and to Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from rest_framework import serializers

from perf.api.figure_serializers import Times as TimesSerializer
from perf.pages.dashboard import TILES, Tile, Today
from perf.pages.formatting import NONE, usd
from perf.pages.sections import SECTIONS, Column, Section, count, percentile
from perf.timing import recorder
from perf.timing.deltas import Delta
from perf.timing.kinds import CounterMetric, HistogramMetric, Kind, register
from perf.timing.request_stats import PARTS, Part
from perf.timing.rows import Times, grouped, sum_extra, times

if TYPE_CHECKING:
    from models_registry.calls.measurement import Measurement

_MODEL = ("provider", "model")

# Costs are whole billionths of a USD, whose sums are exact.
CALLS = register(
    Kind(
        "providers",
        (*_MODEL, "outcome"),
        _MODEL,
        200,
        ("prompt_tokens", "completion_tokens", "nano_usd", "priced", "cache_read_tokens", "reasoning_tokens"),
        histogram=HistogramMetric("llmselect_provider_call_duration_seconds", "Time of calls of providers.", _MODEL),
        counters=(
            CounterMetric("llmselect_provider_calls", "Calls of providers.", (*_MODEL, "outcome")),
            CounterMetric("llmselect_provider_prompt_tokens", "Tokens sent.", _MODEL, "prompt_tokens"),
            CounterMetric("llmselect_provider_completion_tokens", "Tokens received.", _MODEL, "completion_tokens"),
            CounterMetric(
                "llmselect_provider_cache_read_tokens",
                "Tokens read from the vendor's cache.",
                _MODEL,
                "cache_read_tokens",
            ),
            CounterMetric("llmselect_provider_reasoning_tokens", "Tokens of reasoning.", _MODEL, "reasoning_tokens"),
            CounterMetric("llmselect_provider_cost_usd", "Cost where a price is known.", _MODEL, "nano_usd", 1e-9),
        ),
    )
)
FIRST_TOKENS = register(
    Kind(
        "first_tokens",
        _MODEL,
        _MODEL,
        200,
        histogram=HistogramMetric("llmselect_provider_first_token_seconds", "Time to the first token.", _MODEL),
    )
)


PROVIDER_TIME = Part("provider_time", "Provider")  # seconds that a request waited for calls
PARTS.append(PROVIDER_TIME)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """The calls of a model; `cost` in USD is of the `priced` calls."""

    provider: str
    model: str
    times: Times
    failed: int
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal
    priced: int
    cache_read_tokens: int
    reasoning_tokens: int
    first_token: Times


class ProviderRow(serializers.Serializer[Any]):
    """The calls of a model; `cost` is of those that have a price."""

    provider = serializers.CharField()
    model = serializers.CharField()
    times = TimesSerializer()
    failed = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=None, decimal_places=9)
    priced = serializers.IntegerField()
    cache_read_tokens = serializers.IntegerField(help_text="Of the prompt tokens.")
    reasoning_tokens = serializers.IntegerField(help_text="Of the completion tokens.")
    first_token = TimesSerializer()


def record_call(
    *,
    provider: str,
    model: str,
    outcome: str,
    ttft: float | None,
    measured: "Measurement",
) -> None:
    """Record a call: seconds in all and to the first token, tokens, and USD where a price is known. Never raises.

    `outcome` is `ok`, `failed`, or `left` when the client gave up.
    """
    extras = (
        measured.prompt_tokens or 0,
        measured.completion_tokens or 0,
        int((measured.cost or 0) * 10**9),
        measured.cost is not None,
        measured.cache_read_tokens or 0,
        measured.reasoning_tokens or 0,
    )
    recorder.record(CALLS, (provider, model, outcome), measured.time, extras)
    if ttft is not None:
        recorder.record(FIRST_TOKENS, (provider, model), ttft)


def model_rows(figures: Delta) -> list[ModelRow]:
    """List the models that were called, by name."""
    return sorted(_rows(figures), key=lambda row: (row.provider, row.model))


def _rows(figures: Delta) -> Iterator[ModelRow]:
    first = figures.of(FIRST_TOKENS)
    for label, calls in grouped(figures.of(CALLS), 2).items():
        prompt, completion, nano_usd, priced, cached, reasoning = (
            int(sum_extra(calls.values(), position)) for position in range(6)
        )
        yield ModelRow(
            provider=label[0],
            model=label[1],
            times=times(calls.values()),
            failed=sum(series.count for key, series in calls.items() if key[2] == "failed"),
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost=Decimal(nano_usd).scaleb(-9),
            priced=priced,
            cache_read_tokens=cached,
            reasoning_tokens=reasoning,
            first_token=times([first[label]] if label in first else []),
        )


def model_tiles(today: Today) -> Iterator[Tile]:
    """Give today's calls of models and what they cost, for the index of the admin."""
    if today.figures is None:
        return
    called = model_rows(today.figures.total)
    calls, failed = sum(row.times.count for row in called), sum(row.failed for row in called)
    priced, spent = sum(row.priced for row in called), sum((row.cost for row in called), Decimal(0))
    url = f"{reverse('admin:perf-overview')}?range=today#providers"
    yield Tile("Calls of models", f"{calls:,}", f"{failed:,} failed", url, alarming=failed > 0)
    yield Tile("Spend", usd(spent), f"{priced:,} of {calls:,} calls have a price, that of the time of the call", url)


TILES.append(model_tiles)
SECTIONS.append(
    Section(
        name="providers",
        title="Providers",
        rows=model_rows,
        row_title="Model",
        row_name=lambda row: f"{row.provider} / {row.model}",
        columns=(
            Column("Calls", lambda row: f"{row.times.count:,}"),
            Column("Failed", count("failed"), alarming=lambda row: bool(row.failed)),
            Column("p50", percentile("times", "p50")),
            Column("p95", percentile("times", "p95")),
            Column("p99", percentile("times", "p99")),
            Column("First token p50", percentile("first_token", "p50")),
            Column("First token p95", percentile("first_token", "p95")),
            Column("Tokens in", count("prompt_tokens")),
            Column("Cached", count("cache_read_tokens")),
            Column("Tokens out", count("completion_tokens")),
            Column("Reasoning", count("reasoning_tokens")),
            Column("Cost", lambda row: usd(row.cost) if row.priced else NONE),
        ),
        serializer=ProviderRow,
    )
)
