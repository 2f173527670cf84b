"""The leaderboard: ratings of the models by a user's votes, and figures of their answers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import combinations, groupby
from operator import itemgetter
from statistics import quantiles
from typing import Any

from conversations.comparisons.bradley_terry import Rating, rate
from conversations.models import ComparisonResult
from models_registry.api.fields import money
from models_registry.spending.money import COST_UNIT

ENOUGH_PAIRS = 5  # of a model, for a rating
COLUMNS = (
    "comparison_id",
    "comparison__preferred_index",
    "comparison__both_bad",
    "index",
    "provider",
    "model",
    "time",
    "ttft",
    "cost",
)

ModelName = tuple[str, str]  # provider and model


@dataclass(slots=True)
class Statistics:
    """The counts and figures of one model."""

    wins: int = 0
    losses: int = 0
    ties: int = 0
    both_bad: int = 0
    comparisons: int = 0
    answers: list[tuple[Any, ...]] = field(default_factory=list)  # rows of `COLUMNS`

    @property
    def pairs(self) -> int:
        """The number of pairs that votes decided."""
        return self.wins + self.losses + self.ties


def leaderboard(*, user_id: int, since: datetime | None = None, until: datetime | None = None) -> list[dict[str, Any]]:
    """Rate the models of a user's voted comparisons, best first, models without a rating last.

    A vote decides the pairs of the preferred answer with each other answer; a tie decides all pairs. Failed answers,
    and pairs of a model with itself, do not count. A vote that all answers are bad decides no pair: it compares them
    with a standard of the voter's, not with each other, and is counted apart. LMArena counts `tie (bothbad)` as a tie,
    which draws models that failed together closer to each other:
    https://github.com/lm-sys/FastChat/blob/main/fastchat/serve/monitor/elo_analysis.py
    """
    statistics: dict[ModelName, Statistics] = defaultdict(Statistics)
    wins: dict[tuple[ModelName, ModelName], float] = defaultdict(float)
    for answers in voted_answers(user_id, since, until):
        _count(answers, statistics, wins)
    numbers = {name: number for number, name in enumerate(statistics)}
    ratings = rate(len(numbers), {(numbers[a], numbers[b]): count for (a, b), count in wins.items()})
    rows = [_row(name, each, rating) for (name, each), rating in zip(statistics.items(), ratings, strict=True)]
    return sorted(rows, key=lambda row: (row["rating"] is None, -(row["rating"] or 0), row["provider"], row["model"]))


def pairs(*, user_id: int, since: datetime | None = None) -> list[dict[str, Any]]:
    """Count how often each model of a user's votes won against each other one, both ways round, by name."""
    counts: dict[tuple[ModelName, ModelName], list[int]] = defaultdict(lambda: [0, 0, 0])
    for answers in voted_answers(user_id, since):
        for one, other, tied in decided(answers):
            counts[one, other][2 if tied else 0] += 1
            counts[other, one][2 if tied else 1] += 1
    return [
        {
            "provider": one[0],
            "model": one[1],
            "against": {"provider": other[0], "model": other[1]},
            "wins": wins,
            "losses": losses,
            "ties": ties,
        }
        for (one, other), (wins, losses, ties) in sorted(counts.items())
    ]


def voted_answers(
    user_id: int, since: datetime | None, until: datetime | None = None
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the `COLUMNS` of the answers of each voted comparison, without the failed ones; runs one query."""
    rows = ComparisonResult.objects.filter(comparison__user_id=user_id, comparison__voted_at__isnull=False, error="")
    if since is not None:
        rows = rows.filter(comparison__voted_at__gte=since)
    if until is not None:
        rows = rows.filter(comparison__voted_at__lt=until)
    ordered = rows.order_by("comparison_id").values_list(*COLUMNS)
    return (list(answers) for _, answers in groupby(ordered, key=itemgetter(0)))


def _count(
    answers: list[tuple[Any, ...]],
    statistics: dict[ModelName, Statistics],
    wins: dict[tuple[ModelName, ModelName], float],
) -> None:
    both_bad = answers[0][2]
    for answer in answers:
        statistics[answer[4:6]].answers.append(answer)
    for name in {answer[4:6] for answer in answers}:
        statistics[name].comparisons += 1
        statistics[name].both_bad += bool(both_bad)
    for one, other, tied in decided(answers):
        if tied:
            statistics[one].ties += 1
            statistics[other].ties += 1
            wins[one, other] += 0.5
            wins[other, one] += 0.5
        else:
            statistics[one].wins += 1
            statistics[other].losses += 1
            wins[one, other] += 1


def decided(answers: list[tuple[Any, ...]]) -> Iterator[tuple[ModelName, ModelName, bool]]:
    """Yield the pairs that a vote decides: the winner, the loser and False, or for a tie both and True."""
    names: dict[int, ModelName] = {answer[3]: answer[4:6] for answer in answers}
    preferred, both_bad = answers[0][1:3]
    if both_bad:
        return
    if preferred is None:
        yield from ((one, other, True) for one, other in _different(combinations(names.values(), 2)))
    elif (winner := names.get(preferred)) is not None:
        yield from ((winner, loser, False) for _, loser in _different((winner, name) for name in names.values()))


def _different(pairs: Iterable[tuple[ModelName, ModelName]]) -> Iterator[tuple[ModelName, ModelName]]:
    return (pair for pair in pairs if pair[0] != pair[1])


def _row(name: ModelName, record: Statistics, rating: Rating) -> dict[str, Any]:
    *_, times, ttfts, costs = zip(*record.answers, strict=True)
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
        "both_bad": record.both_bad,
        "comparisons": record.comparisons,
        "win_rate": round((record.wins + record.ties / 2) / record.pairs, 4) if record.pairs else None,
        "avg_cost": money(_mean(_known(costs))),
        "p50_ttft": _percentile(_known(ttfts), 50),
        "p95_time": _percentile(_known(times), 95),
    }


def _known(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _mean(costs: list[Decimal]) -> Decimal | None:
    return (sum(costs, Decimal(0)) / len(costs)).quantize(COST_UNIT) if costs else None


def _percentile(values: list[float], percent: int) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return round(quantiles(values, n=100, method="inclusive")[percent - 1], 4)
