"""The leaderboard: what a user's votes say about the models, and what the models cost."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import combinations, groupby
from operator import itemgetter
from typing import Any

from conversations.comparisons.bradley_terry import Rating, rate
from conversations.models import ComparisonResult
from models_registry.api.fields import money
from models_registry.models import COST_UNIT

# Fewer decided pairs than this say nothing about a model.
ENOUGH_PAIRS = 5
COLUMNS = ("comparison_id", "comparison__preferred_index", "index", "provider", "model", "time", "ttft", "cost")

Name = tuple[str, str]  # provider and model


@dataclass(slots=True)
class Record:
    """What was counted of one model."""

    wins: int = 0
    losses: int = 0
    ties: int = 0
    comparisons: int = 0
    costs: list[Decimal] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    ttfts: list[float] = field(default_factory=list)

    @property
    def pairs(self) -> int:
        """How many pairs a vote decided."""
        return self.wins + self.losses + self.ties


def leaderboard(*, user_id: int, since: datetime | None = None) -> list[dict[str, Any]]:
    """Rate the models of a user's voted comparisons, best first, those without a rating last.

    A vote among n answers decides the pairs of the preferred one with each other, a tie all pairs. Failed answers take
    no part, nor do pairs of a model with itself.
    """
    records: dict[Name, Record] = defaultdict(Record)
    wins: dict[tuple[Name, Name], float] = defaultdict(float)
    for preferred, answers in _voted(user_id, since):
        _count(preferred, answers, records, wins)
    names = list(records)
    places = {name: place for place, name in enumerate(names)}
    ratings = rate(len(names), {(places[a], places[b]): count for (a, b), count in wins.items()})
    rows = [_row(name, records[name], rating) for name, rating in zip(names, ratings, strict=True)]
    return sorted(rows, key=lambda row: (row["rating"] is None, -(row["rating"] or 0), row["provider"], row["model"]))


def _voted(user_id: int, since: datetime | None) -> Iterator[tuple[int | None, list[tuple[Any, ...]]]]:
    """Read the voted comparisons in one query: the preferred index, and the answers that did not fail."""
    rows = ComparisonResult.objects.filter(comparison__user_id=user_id, comparison__voted_at__isnull=False, error="")
    if since is not None:
        rows = rows.filter(comparison__voted_at__gte=since)
    ordered = rows.order_by("comparison_id").values_list(*COLUMNS)
    for _, answers in groupby(ordered, key=itemgetter(0)):
        found = list(answers)
        yield found[0][1], found


def _count(
    preferred: int | None,
    answers: list[tuple[Any, ...]],
    records: dict[Name, Record],
    wins: dict[tuple[Name, Name], float],
) -> None:
    names = {answer[2]: (answer[3], answer[4]) for answer in answers}
    for name in set(names.values()):
        records[name].comparisons += 1
    for _, _, _, provider, model, time, ttft, cost in answers:
        record = records[provider, model]
        _add(record.times, time)
        _add(record.ttfts, ttft)
        _add(record.costs, cost)
    if preferred is None:
        for one, other in _pairs(combinations(names.values(), 2)):
            records[one].ties += 1
            records[other].ties += 1
            wins[one, other] += 0.5
            wins[other, one] += 0.5
    elif (winner := names.get(preferred)) is not None:
        for _, loser in _pairs((winner, name) for index, name in names.items() if index != preferred):
            records[winner].wins += 1
            records[loser].losses += 1
            wins[winner, loser] += 1


def _pairs(pairs: Iterable[tuple[Name, Name]]) -> Iterator[tuple[Name, Name]]:
    return (pair for pair in pairs if pair[0] != pair[1])


def _add(values: list[Any], value: Any) -> None:
    if value is not None:
        values.append(value)


def _row(name: Name, record: Record, rating: Rating) -> dict[str, Any]:
    shown = rating if record.pairs >= ENOUGH_PAIRS else None
    return {
        "provider": name[0],
        "model": name[1],
        "rating": shown and round(shown.value, 1),
        "rating_low": shown and round(shown.low, 1),
        "rating_high": shown and round(shown.high, 1),
        "votes_needed": max(0, ENOUGH_PAIRS - record.pairs),  # each vote decides at least one pair
        "wins": record.wins,
        "losses": record.losses,
        "ties": record.ties,
        "comparisons": record.comparisons,
        "win_rate": round((record.wins + record.ties / 2) / record.pairs, 4) if record.pairs else None,
        "avg_cost": money(_mean(record.costs)),
        "p50_ttft": _percentile(record.ttfts, 50),
        "p95_time": _percentile(record.times, 95),
    }


def _mean(costs: list[Decimal]) -> Decimal | None:
    return (sum(costs, Decimal(0)) / len(costs)).quantize(COST_UNIT) if costs else None


def _percentile(values: list[float], percent: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 4)
