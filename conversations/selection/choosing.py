"""The choice among models: a draw from what is believed of them, less what they cost and how long they take.

W. R. Thompson, "On the likelihood that one unknown probability exceeds another in view of the evidence of two samples",
Biometrika 25 (1933): each model is chosen as often as it is likely to be the best one.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from conversations.selection.posterior import Belief

# The width of the draws, as a share of the posterior's. Votes come from comparisons, not from the answers that are
# drawn, so a draw need not explore as widely: O. Chapelle and L. Li, "An empirical evaluation of Thompson sampling",
# Advances in Neural Information Processing Systems 24 (2011), reshape posteriors in the same way.
WIDTH = 0.25
BETTER = math.log(3)  # the strength by which one is ahead whose answer is preferred 3 times of 4


@dataclass(frozen=True, slots=True)
class Taste:
    """How many US cents, and seconds, one would give for an answer that one prefers 3 times of 4; None: any number."""

    cents: float | None = None
    seconds: float | None = None

    def burden(self, cost: float | None, seconds: float | None) -> float:
        """Return what a cost in USD and a time are worth, as a strength; what is unknown counts nothing."""
        total = 0.0
        if self.cents is not None and cost is not None:
            total += BETTER * cost * 100 / self.cents
        if self.seconds is not None and seconds is not None:
            total += BETTER * seconds / self.seconds
        return total


class Suggestion(NamedTuple):
    """Two models to compare, the better one first, and by how much strength the choice is likely to gain."""

    one: int
    other: int
    gain: float


def utilities(strengths: Sequence[float], burdens: Sequence[float]) -> list[float]:
    """Return what each model is worth."""
    return [strength - burden for strength, burden in zip(strengths, burdens, strict=True)]


def drawn_order(belief: Belief, burdens: Sequence[float], rng: random.Random, width: float) -> list[int]:
    """Draw once, and return the models in the order of what they are worth then."""
    worth = utilities(belief.draw(rng, width), burdens)
    return sorted(range(len(worth)), key=worth.__getitem__, reverse=True)


def chances(belief: Belief, burdens: Sequence[float], rng: random.Random, width: float, draws: int) -> list[float]:
    """Return how likely each model is to be chosen, by so many draws."""
    counts = [0] * len(burdens)
    for _ in range(draws):
        worth = utilities(belief.draw(rng, width), burdens)
        counts[worth.index(max(worth))] += 1
    return [count / draws for count in counts]


def is_better(belief: Belief, burdens: Sequence[float], one: int, other: int) -> float:
    """Return the probability that one model is worth more than another."""
    lead = belief.means[one] - burdens[one] - belief.means[other] + burdens[other]
    deviation = math.sqrt(belief.variance(one, other))
    return normal(lead / deviation) if deviation else float(lead > 0) or 0.5 * (lead == 0)


def is_preferred(belief: Belief, one: int, other: int) -> float:
    """Return the probability that one's answer is preferred to another's: the logistic function over the normal lead.

    D. J. C. MacKay, "The evidence framework applied to classification networks", Neural Computation 4 (1992).
    """
    lead = belief.means[one] - belief.means[other]
    return 1 / (1 + math.exp(-lead / math.sqrt(1 + math.pi / 8 * belief.variance(one, other))))


def suggestion(belief: Belief, burdens: Sequence[float]) -> Suggestion | None:
    """Return the comparison that is worth most: of the best model with the one that may be most above it.

    The gain is the expectation of how much the other is better, where it is. None for fewer than two models.
    """
    worth = utilities(belief.means, burdens)
    if len(worth) < 2:
        return None
    best = worth.index(max(worth))
    gains = {
        other: expected_lead(worth[other] - worth[best], math.sqrt(belief.variance(best, other)))
        for other in range(len(worth))
        if other != best
    }
    other = max(gains, key=gains.__getitem__)
    return Suggestion(best, other, gains[other])


def expected_lead(mean: float, deviation: float) -> float:
    """Return the expectation of the positive part of a normal variable."""
    if not deviation:
        return max(0.0, mean)
    z = mean / deviation
    return mean * normal(z) + deviation * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def normal(z: float) -> float:
    """Return the distribution function of the standard normal distribution."""
    return math.erfc(-z / math.sqrt(2)) / 2
