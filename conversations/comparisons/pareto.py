"""The leaderboard against cost or time: which models are on the front, and how likely each beats each other one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple

from conversations.comparisons.bradley_terry import CENTRE, ELO, Z95, Estimate, estimate
from conversations.comparisons.leaderboard import COLUMNS, ENOUGH_PAIRS, ModelName, decided, voted_answers
from conversations.selection.choosing import is_better, is_preferred
from conversations.selection.posterior import Belief
from conversations.selection.prompts import category
from conversations.selection.queries import voted_prompts
from models_registry.api.fields import money
from models_registry.spending.money import COST_UNIT

FIGURES = ("time", "ttft", "cost")  # of `COLUMNS`
MOST_PAIRS = 50  # models whose pairs are listed


class Standing(NamedTuple):
    """A model's votes, rating with its interval, and median figures; None where nothing is known."""

    name: ModelName
    votes: int
    rating: float | None
    low: float | None
    high: float | None
    cost: Any
    ttft: float | None
    time: float | None


def pareto(
    *, user_id: int, by: str, provider: str | None, since: datetime | None, until: datetime | None
) -> dict[str, Any]:
    """Rate the models of a user's votes in a time, and tell the front by `cost` or `latency`; with `category` each.

    `provider` narrows what is shown, not what is rated.
    """
    found = list(voted_answers(user_id, since, until))
    if by != "category":
        return _board(found, by, provider)
    kinds: dict[str, list[list[tuple[Any, ...]]]] = defaultdict(list)
    prompts = dict(voted_prompts(user_id))
    for answers in found:
        if answers[0][0] in prompts:  # else deleted meanwhile
            kinds[category(prompts[answers[0][0]])].append(answers)
    return {"categories": [{"category": kind, **_board(kinds[kind], "cost", provider)} for kind in sorted(kinds)]}


def _board(found: Iterable[list[tuple[Any, ...]]], by: str, provider: str | None) -> dict[str, Any]:
    """Rate the models of some comparisons, best first."""
    rows: dict[ModelName, list[tuple[Any, ...]]] = defaultdict(list)
    votes: dict[ModelName, int] = defaultdict(int)
    wins: dict[tuple[ModelName, ModelName], float] = defaultdict(float)
    for answers in found:
        for answer in answers:
            rows[answer[4:6]].append(answer)
        for one, other, tied in decided(answers):
            votes[one] += 1
            votes[other] += 1
            wins[one, other] += 0.5 if tied else 1
            wins[other, one] += 0.5 if tied else 0
    numbers = {name: number for number, name in enumerate(rows)}
    estimated = estimate(len(rows), {(numbers[a], numbers[b]): count for (a, b), count in wins.items()})
    standings = [_standing(name, rows[name], votes[name], estimated, number) for name, number in numbers.items()]
    front = on_front([(each.rating, _burden(each, by)) for each in standings])
    results = [_row(each, is_on) for each, is_on in zip(standings, front, strict=True)]
    results.sort(key=lambda row: (row["rating"] is None, -(row["rating"] or 0), row["provider"], row["model"]))
    pairs = _pairs(standings, estimated)
    shown = ([row for row in rows if provider in (None, row["provider"])] for rows in (results, pairs))
    return dict(zip(("results", "pairs"), shown, strict=True))


def on_front(points: Sequence[tuple[float | None, float | None]]) -> list[bool]:
    """Tell of each (rating, burden) whether no other is as good in both and better in one; never of an unknown one."""
    known = [(rating, burden) for rating, burden in points if rating is not None and burden is not None]

    def beaten(rating: float, burden: float) -> bool:
        return any(other >= rating and least <= burden and (other, least) != (rating, burden) for other, least in known)

    return [rating is not None and burden is not None and not beaten(rating, burden) for rating, burden in points]


def _standing(name: ModelName, rows: list[tuple[Any, ...]], votes: int, estimated: Estimate, number: int) -> Standing:
    figures = {
        column: [row[COLUMNS.index(column)] for row in rows if row[COLUMNS.index(column)] is not None]
        for column in FIGURES
    }
    cost, ttft, time = (median(figures[column]) if figures[column] else None for column in ("cost", "ttft", "time"))
    if votes < ENOUGH_PAIRS:
        return Standing(name, votes, None, None, None, cost, ttft, time)
    strength, error = estimated.strengths[number], max(0.0, estimated.covariance[number][number]) ** 0.5
    rating, low, high = (round(CENTRE + ELO * (strength + sign * Z95 * error), 1) for sign in (0, -1, 1))
    return Standing(name, votes, rating, low, high, cost, ttft, time)


def _burden(standing: Standing, by: str) -> float | None:
    value = standing.ttft if by == "latency" else standing.cost
    return None if value is None else float(value)


def _row(standing: Standing, on_the_front: bool) -> dict[str, Any]:
    return {
        "provider": standing.name[0],
        "model": standing.name[1],
        "votes": standing.votes,
        "votes_needed": max(0, ENOUGH_PAIRS - standing.votes),
        "rating": standing.rating,
        "rating_low": standing.low,
        "rating_high": standing.high,
        "p50_cost": None if standing.cost is None else money(standing.cost.quantize(COST_UNIT)),
        "p50_ttft": standing.ttft,
        "p50_time": standing.time,
        "on_front": on_the_front,
    }


def _pairs(standings: Sequence[Standing], estimated: Estimate) -> list[dict[str, Any]]:
    """Tell of each two rated models how likely the one is the better one, and its answer is preferred."""
    size = len(standings)
    belief = Belief(estimated.strengths, range(size), estimated.covariance, [], [0.0] * size)
    rated = [number for number, each in enumerate(standings) if each.rating is not None]
    rated = sorted(rated, key=lambda number: -estimated.strengths[number])[:MOST_PAIRS]
    return [
        {
            "provider": standings[one].name[0],
            "model": standings[one].name[1],
            "against": {"provider": standings[other].name[0], "model": standings[other].name[1]},
            "is_better": round(is_better(belief, [0.0] * size, one, other), 4),
            "is_preferred": round(is_preferred(belief, one, other), 4),
        }
        for one in rated
        for other in rated
        if one != other
    ]
