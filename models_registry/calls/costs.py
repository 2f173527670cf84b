"""What a call costs: tokens of each kind times their rates, in USD.

The rates are those that genai-prices publishes, or that staff set. They come from the registry: no worker loads the
package (docs/decisions/0021-true-costs.md). A test compares the cost of every model with the package's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from django.db import models

from models_registry.calls.usage import Usage

if TYPE_CHECKING:
    from models_registry.models import LLMModel

PER_RATE = 1_000_000  # tokens that a rate is the price of


class CostSource(models.TextChoices):
    """Where a cost comes from; `LEGACY` is that of rows from before kinds of tokens were told apart."""

    VENDOR = "vendor", "the vendor's own figure"
    LIST = "list", "list prices"
    REGISTRY = "registry", "prices set by staff"
    ESTIMATED = "estimated", "estimated tokens"
    LEGACY = "legacy", "list prices, all tokens alike"


class Rates(NamedTuple):
    """USD per million tokens of each kind; None where there is no rate of its own, so that the wider kind's applies."""

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None
    output_reasoning: Decimal | None = None


class Hours(NamedTuple):
    """A part of each day in UTC, from `start` up to `end`, which may be past midnight."""

    start: time
    end: time

    def hold(self, at: datetime) -> bool:
        """Say whether a moment is among them."""
        now = at.astimezone(UTC).time()
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


class Tier(NamedTuple):
    """The rates of prompts with more than `above` tokens, and where `hours` are given, at these hours only."""

    above: int
    rates: Rates
    hours: Hours | None = None


def read_tiers(stored: Sequence[Mapping[str, str]]) -> list[Tier]:
    """Read what `write_tiers` wrote."""
    return [
        Tier(
            int(tier["above"]),
            Rates(**{kind: Decimal(tier[kind]) for kind in Rates._fields if kind in tier}),
            Hours(time.fromisoformat(tier["from"]), time.fromisoformat(tier["until"])) if "from" in tier else None,
        )
        for tier in stored
    ]


def write_tiers(tiers: Sequence[Tier]) -> list[dict[str, str]]:
    """Write tiers as JSON can hold them: each a threshold, its hours, and its rates as decimal strings."""
    return [
        {
            "above": str(above),
            **({} if hours is None else {"from": hours.start.isoformat(), "until": hours.end.isoformat()}),
            **{kind: str(rate) for kind, rate in rates._asdict().items() if rate is not None},
        }
        for above, rates, hours in tiers
    ]


def rates_at(tiers: Sequence[Tier], input_tokens: int, at: datetime | None = None) -> Rates:
    """Choose the rates for a prompt of this length: they apply to all of its tokens.

    `tiers` ascend and begin at 0, first those of the whole day, then those of some hours, which count for more at that
    time. Where no time is given they do not count.
    """
    of_now = (tier for tier in tiers if tier.hours is None or (at is not None and tier.hours.hold(at)))
    return [rates for above, rates, _ in of_now if input_tokens > above or above == 0][-1]


def cost(usage: Usage, rates: Rates) -> Decimal:
    """Price a call in USD, exactly."""
    return sum((tokens * rate for tokens, rate in _parts(usage, rates)), Decimal(0)) / PER_RATE


def price(
    model: "LLMModel | None", usage: Usage | None, *, estimated: bool, at: datetime | None = None
) -> tuple[Decimal | None, CostSource | None, Rates | None]:
    """Price a call of a model of the registry: the cost in USD, where it comes from, and the rates that made it.

    The rates are those in force `at` a moment, now by default. The vendor's own figure is believed. All are None where
    the usage, the model or one of its prices is unknown.
    """
    if usage is None:
        return None, None, None
    if usage.cost is not None:
        return usage.cost, CostSource.VENDOR, None
    rates = model.rates(usage.input_tokens, at=at) if model is not None else None
    if model is None or rates is None:
        return None, None, None
    by_staff = model.source == model.Source.STAFF
    source = CostSource.ESTIMATED if estimated else CostSource.REGISTRY if by_staff else CostSource.LIST
    return cost(usage, rates), source, rates


def _parts(usage: Usage, rates: Rates) -> Iterator[tuple[int, Decimal]]:
    """Split a usage into parts that do not overlap, each with its rate; none exceeds what is left of the whole."""
    write_rate = rates.input if rates.cache_write is None else rates.cache_write
    left = usage.input_tokens
    hour = usage.cache_write_1h_tokens or 0
    inputs = (
        (usage.cache_read_tokens, rates.cache_read),
        (hour, write_rate if rates.cache_write_1h is None else rates.cache_write_1h),
        (max((usage.cache_write_tokens or 0) - hour, 0), write_rate),
        (usage.input_audio_tokens if rates.input_audio is not None else 0, rates.input_audio),
    )
    for tokens, rate in inputs:
        part = min(tokens or 0, left)
        yield part, rates.input if rate is None else rate
        left -= part
    yield left, rates.input
    left = usage.output_tokens or 0
    for tokens, rate in (
        (usage.output_audio_tokens, rates.output_audio),
        (usage.reasoning_tokens, rates.output_reasoning),
    ):
        if rate is not None:
            part = min(tokens or 0, left)
            yield part, rate
            left -= part
    yield left, rates.output
