"""The explanation of a choice: all candidates with scores and probabilities, and none of them is called."""

import random
from decimal import Decimal
from typing import Any

from conversations.comparisons.bradley_terry import ELO, Z95
from conversations.selection import choosing
from conversations.selection.candidates import Candidate, Needs, costs_and_times
from conversations.selection.service import ENOUGH_VOTES, Ground, default_order, ground_of, suggested, voted_reason
from models_registry.api.fields import money
from models_registry.spending.money import COST_UNIT
from perf.api.access import Access

DRAWS = 1000


def explained(*, access: Access, needs: Needs, text: str) -> dict[str, Any]:
    """Explain a choice the way `SelectOutput` documents it; the same request gets the same probabilities.

    Raises NoCandidate.
    """
    ground = ground_of(access, needs, text)
    rated = _rated(ground)
    unrated = [_row(ground, each, cost, time) for each, cost, time in _others(ground, needs)]
    if ground.enough:
        rated.sort(key=lambda row: -row["probability"])
        likely = [(row["provider"], row["model"]) for row in rated]
        code, reason = voted_reason(ground, [_place(ground, name) for name in likely])
        first = likely[0]
    else:
        first = default_order(ground)[0]
        count = ground.known.posterior.votes
        code = "too_few_votes"
        reason = f"You have {count} of the {ENOUGH_VOTES} votes that a choice takes, so this is your default model."
        for row in (*rated, *unrated):
            row["probability"] = float((row["provider"], row["model"]) == first)
    return {
        **_named(first),
        "reason": {"code": code, "message": reason},
        "votes": ground.known.posterior.votes,
        "votes_needed": max(0, ENOUGH_VOTES - ground.known.posterior.votes),
        "category": ground.category,
        "candidates": [*rated, *unrated],
        "excluded": [{**_named(name), "reason": problem} for name, problem in ground.excluded.items()],
        "compare_suggested": suggested(ground),
    }


def _rated(ground: Ground) -> list[dict[str, Any]]:
    rng = random.Random(0)  # noqa: S311  # the same request, the same answer
    likely = choosing.chances(ground.belief, ground.burdens, rng, choosing.WIDTH, DRAWS) if ground.rated else []
    rows = []
    for place, each in enumerate(ground.rated):
        mean, error = ground.belief.means[place], ground.belief.error(place)
        row = _row(ground, each, ground.costs[place], ground.times[place])
        row["probability"] = round(likely[place], 3)
        row["score"] = round(ELO * (mean - ground.burdens[place]), 1)
        row["preference"] = round(ELO * mean, 1)
        row["preference_low"] = round(ELO * (mean - Z95 * error), 1)
        row["preference_high"] = round(ELO * (mean + Z95 * error), 1)
        rows.append(row)
    return rows


def _others(ground: Ground, needs: Needs) -> list[tuple[Candidate, float | None, float | None]]:
    expected = costs_and_times(ground.others, ground.known.figures, needs.tokens)
    return [(each, *figures) for each, figures in zip(ground.others, expected, strict=True)]


def _row(ground: Ground, each: Candidate, cost: float | None, time: float | None) -> dict[str, Any]:
    return {
        **_named(each.name),
        "votes": ground.known.posterior.counts.get(each.name, 0),
        "probability": 0.0,
        "score": None,
        "preference": None,
        "preference_low": None,
        "preference_high": None,
        "cost": None if cost is None else money(Decimal(cost).quantize(COST_UNIT)),
        "time": time,
    }


def _place(ground: Ground, name: tuple[str, str]) -> int:
    return next(place for place, each in enumerate(ground.rated) if each.name == name)


def _named(name: tuple[str, str]) -> dict[str, str]:
    return {"provider": name[0], "model": name[1]}
