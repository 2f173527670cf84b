"""What came of a replay: whether each model would have won, what its answers cost, and every answer in a table."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from statistics import median
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from conversations.comparisons.bradley_terry import Z95
from conversations.comparisons.leaderboard import COLUMNS, ModelName, decided
from conversations.models import Comparison, ComparisonResult, Replay
from models_registry.api.fields import money
from models_registry.spending.money import COST_UNIT

EXCERPT = 200  # characters of a prompt in the table
TO_VOTE = 20  # comparisons named, in the order of the plan
MORE = ("error", "comparison__revealed", "comparison__voted_at", "comparison__replay_place")
TABLE = (
    *("place", "comparison", "prompt", "index", "provider", "model", "response", "error", "cost", "time", "ttft"),
    "preferred",
)


def rows_of(replay: UUID) -> QuerySet[ComparisonResult, Any]:
    """Return `COLUMNS` and `MORE` of the answers of a replay, those of a prompt together."""
    rows = ComparisonResult.objects.filter(comparison__replay_id=replay)
    return rows.order_by("comparison__replay_place", "index").values_list(*COLUMNS, *MORE)


def to_vote(replay: UUID) -> QuerySet[Comparison, UUID]:
    """Return the ids of the first comparisons that wait for a vote."""
    rows = Comparison.objects.filter(replay_id=replay, voted_at__isnull=True)
    good = Count("results", filter=Q(results__error=""))
    return rows.annotate(good=good).filter(good__gte=2).order_by("replay_place").values_list("pk", flat=True)[:TO_VOTE]


def outcomes(replay: Replay) -> list[dict[str, Any]]:
    """Return for each model of a replay how it did, as `Outcome` documents it.

    Answers that wait for a vote in a blind comparison count in no figure: a cost would tell which one is whose.
    """
    names: list[ModelName] = [(name.partition("/")[0], name.partition("/")[2]) for name in replay.candidates]
    counts: dict[ModelName, Counter[str]] = defaultdict(Counter)
    answers: dict[ModelName, list[tuple[Any, ...]]] = defaultdict(list)
    rivals: dict[ModelName, list[tuple[Any, ...]]] = defaultdict(list)
    for _, group in groupby(rows_of(replay.pk), key=itemgetter(0)):
        rows = list(group)
        new = set(replay.plan[rows[0][-1]]["models"])
        mine = [row for row in rows if "/".join(row[4:6]) in new]  # the winner of then is by another model
        voted, shown = rows[0][-2] is not None, rows[0][-3]
        for row in mine:
            counts[row[4:6]]["failed"] += bool(row[-4])
            counts[row[4:6]]["waiting"] += not row[-4] and not voted and sum(not each[-4] for each in rows) > 1
            if shown and not row[-4]:
                answers[row[4:6]].append(row)
                rivals[row[4:6]] += [each for each in rows if each not in mine]
        if voted:
            _count([row for row in rows if not row[-4]], counts, {row[4:6] for row in mine})
    return [_outcome(name, counts[name], answers[name], rivals[name]) for name in names]


def table(replay: Replay) -> list[dict[str, Any]]:
    """Return each prompt of a replay with its answers' figures, as `ReplayRow` documents it; hidden ones withheld."""
    rows = Comparison.objects.filter(replay_id=replay.pk).order_by("replay_place").with_results()
    return [_table_row(each) for each in rows]


def answer_rows(replay: UUID) -> Iterator[dict[str, Any]]:
    """Yield the values of `TABLE` of each answer, with its text; what a blind comparison withholds is ""."""
    for comparison in Comparison.objects.filter(replay_id=replay).order_by("replay_place").with_results():
        asked = {"place": comparison.replay_place, "comparison": str(comparison.pk), "prompt": comparison.prompt}
        for result in comparison.results.all():
            shown = {"index": result.index, "response": result.response, "error": result.error}
            figures: dict[str, Any] = {"provider": result.provider, "model": result.model, "cost": money(result.cost)}
            figures |= {"time": result.time, "ttft": result.ttft}
            if comparison.hidden:
                shown["error"], figures = "failed" if result.error else "", dict.fromkeys(figures, "")
            preferred = int(comparison.preferred_index == result.index) if comparison.voted_at else ""
            yield {**asked, **shown, **figures, "preferred": preferred}


def wilson(wins: float, votes: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by `wins` of `votes`, which may be halves.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    share, squared = wins / votes, Z95 * Z95
    middle = (share + squared / (2 * votes)) / (1 + squared / votes)
    half = Z95 / (1 + squared / votes) * math.sqrt(share * (1 - share) / votes + squared / (4 * votes * votes))
    return max(0.0, middle - half), min(1.0, middle + half)


def _count(rows: list[tuple[Any, ...]], counts: dict[ModelName, Counter[str]], mine: set[ModelName]) -> None:
    if not rows:
        return
    for name in mine & {row[4:6] for row in rows}:
        counts[name]["both_bad"] += bool(rows[0][2])
    for one, other, tied in decided(rows):
        if one in mine:
            counts[one]["ties" if tied else "wins"] += 1
        if other in mine:
            counts[other]["ties" if tied else "losses"] += 1


def _outcome(
    name: ModelName, counts: Counter[str], answers: list[tuple[Any, ...]], rivals: list[tuple[Any, ...]]
) -> dict[str, Any]:
    votes = counts["wins"] + counts["losses"] + counts["ties"]
    won = counts["wins"] + counts["ties"] / 2
    low, high = wilson(won, votes) if votes else (None, None)
    verdict = "open"
    if low is not None and high is not None and (low > 0.5 or high < 0.5):
        verdict = "yes" if low > 0.5 else "no"
    return {
        "provider": name[0],
        "model": name[1],
        "would_have_won": verdict,
        **{each: counts[each] for each in ("wins", "losses", "ties", "both_bad", "failed", "waiting")},
        "win_rate": round(won / votes, 4) if votes else None,
        "win_rate_low": None if low is None else round(low, 4),
        "win_rate_high": None if high is None else round(high, 4),
        "answers": _figures(answers),
        "winners": _figures(rivals),
    }


def _figures(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    times, ttfts, costs = ([row[place] for row in rows if row[place] is not None] for place in (6, 7, 8))
    mean = (sum(costs, Decimal(0)) / len(costs)).quantize(COST_UNIT) if costs else None
    return {
        "count": len(rows),
        "avg_cost": money(mean),
        "p50_time": round(median(times), 4) if times else None,
        "p50_ttft": round(median(ttfts), 4) if ttfts else None,
    }


def _table_row(comparison: Comparison) -> dict[str, Any]:
    hidden = comparison.hidden
    return {
        "place": comparison.replay_place,
        "comparison": comparison.pk,
        "prompt": comparison.prompt[:EXCERPT],
        "hidden": hidden,
        "voted_at": comparison.voted_at,
        "preferred_index": comparison.preferred_index,
        "answers": [
            {
                "index": each.index,
                "provider": None if hidden else each.provider,
                "model": None if hidden else each.model,
                "failed": bool(each.error),
                "cost": None if hidden else money(each.cost),
                "time": None if hidden else each.time,
            }
            for each in comparison.results.all()
        ],
    }
