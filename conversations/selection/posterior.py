"""What the votes of one user say of the models, for prompts of one kind: a posterior to draw from.

The strength of a model for a prompt is its strength in all votes plus a shift for prompts like this one. The first part
is Bradley-Terry's, with its covariance. The shift has a normal prior around 0, and one Newton step from there: each
vote counts as much as its prompt is like this one, by category and by TF-IDF. That similarity is linear in the terms,
so the gradients of the votes are summed up by term, and a prompt costs as many steps as it has terms, not votes.
"""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from conversations.comparisons.bradley_terry import PRIOR, estimate
from conversations.selection.prompts import GENERAL, category, rarity, terms, vector

SHIFT = 0.8  # the standard deviation of what a kind of prompts changes in a strength
BY_CATEGORY, BY_TERMS = 0.5, 1.0  # how much a vote counts for another prompt of its category, and for the same prompt

ModelName = tuple[str, str]  # provider and model


class Vote(NamedTuple):
    """A vote on answers to a prompt ("" if it is unknown): (winner, loser, how many wins) for each pair it decides."""

    prompt: str
    pairs: Sequence[tuple[ModelName, ModelName, float]]


class Evidence:
    """Sums over votes: how far they pull each model's strength up, and how much they say about it at all."""

    __slots__ = ("information", "pull")

    def __init__(self) -> None:
        self.pull: dict[int, float] = defaultdict(float)
        self.information: dict[int, float] = defaultdict(float)

    def add(self, other: "Evidence", weight: float) -> None:
        """Add the evidence of other votes, weighted."""
        for model, value in other.pull.items():
            self.pull[model] += weight * value
        for model, value in other.information.items():
            self.information[model] += weight * value


class Belief:
    """The posterior of the strengths of some models for one prompt: means, and what is needed to draw from it.

    `numbers` are the rows of the models in the covariance of the common part and in its root; `spread` are the
    variances of their shifts.
    """

    def __init__(
        self,
        means: Sequence[float],
        numbers: Sequence[int],
        covariance: Sequence[Sequence[float]],
        root: Sequence[Sequence[float]],
        spread: Sequence[float],
    ) -> None:
        self.means, self._numbers, self._spread = means, numbers, spread
        self._covariance, self._root = covariance, root

    def draw(self, rng: random.Random, width: float = 1.0) -> list[float]:
        """Draw strengths, one for each model; `width` narrows the distribution, to the means at 0."""
        noise = [rng.gauss(0, width) for _ in self._root]
        return [
            mean + sum(map(mul, self._root[number], noise)) + rng.gauss(0, width) * math.sqrt(own)
            for mean, number, own in zip(self.means, self._numbers, self._spread, strict=True)
        ]

    def variance(self, one: int, other: int) -> float:
        """Return the variance of the difference of two strengths."""
        i, j = self._numbers[one], self._numbers[other]
        common = self._covariance[i][i] + self._covariance[j][j] - 2 * self._covariance[i][j]
        return max(0.0, common) + self._spread[one] + self._spread[other]

    def error(self, model: int) -> float:
        """Return the standard deviation of a strength, relative to the mean of all."""
        number = self._numbers[model]
        return math.sqrt(max(0.0, self._covariance[number][number]) + self._spread[model])


class Posterior:
    """What all votes of a user say; `models` are those that a vote decided something about, `counts` their votes."""

    def __init__(self, votes: Sequence[Vote], *, prior: float = PRIOR) -> None:
        self.votes = sum(1 for vote in votes if vote.pairs)
        numbers: dict[ModelName, int] = {}
        wins: dict[tuple[int, int], float] = defaultdict(float)
        counts: dict[ModelName, int] = defaultdict(int)
        for vote in votes:
            for winner, loser, count in vote.pairs:
                pair = numbers.setdefault(winner, len(numbers)), numbers.setdefault(loser, len(numbers))
                wins[pair] += count
            for name in {name for winner, loser, _ in vote.pairs for name in (winner, loser)}:
                counts[name] += 1
        self.models, self.numbers, self.counts = tuple(numbers), numbers, dict(counts)
        estimated = estimate(len(numbers), wins, prior=prior)
        self.strengths, self._covariance = estimated.strengths, estimated.covariance
        self._root = cholesky(self._covariance)
        self._by_category: dict[str, Evidence] = defaultdict(Evidence)
        self._by_term: dict[str, Evidence] = defaultdict(Evidence)
        self._collect(votes)

    def _collect(self, votes: Sequence[Vote]) -> None:
        """Sum up by category and by term how the outcome of each vote differs from what the strengths let expect."""
        told = [vote for vote in votes if vote.prompt]
        found = [terms(vote.prompt) for vote in told]
        self._weights = rarity(found)
        for vote, words in zip(told, found, strict=True):
            own = Evidence()
            for winner, loser, count in vote.pairs:
                one, other = self.numbers[winner], self.numbers[loser]
                expected = 1 / (1 + math.exp(self.strengths[other] - self.strengths[one]))
                own.add(_of_pair(one, other, expected), count)
            kind = category(vote.prompt)
            if kind != GENERAL:
                self._by_category[kind].add(own, 1)
            for term, weight in vector(words, self._weights).items():
                self._by_term[term].add(own, weight)

    def about(self, prompt: str, wanted: Sequence[int] | None = None) -> Belief:
        """Return what is believed for a prompt of all `models`, or of those with the `wanted` numbers."""
        near = self._near(prompt)
        chosen = range(len(self.models)) if wanted is None else wanted
        # In a balanced design of m models the others move, too: the step is exact with this factor.
        involved = max(2, len(near.information))
        factor = involved / (involved - 1)
        means, spread = [], []
        for model in chosen:
            information = near.information.get(model, 0.0)
            spread.append(1 / (1 / SHIFT**2 + information))
            means.append(self.strengths[model] + near.pull.get(model, 0.0) / (1 / SHIFT**2 + information * factor))
        return Belief(means, chosen, self._covariance, self._root, spread)

    def _near(self, prompt: str) -> Evidence:
        """Sum up the evidence of the votes on prompts like this one."""
        near = Evidence()
        kind = category(prompt)
        if kind in self._by_category:
            near.add(self._by_category[kind], BY_CATEGORY)
        for term, weight in vector(terms(prompt), self._weights).items():
            if term in self._by_term:
                near.add(self._by_term[term], weight * BY_TERMS)
        return near


def _of_pair(winner: int, loser: int, expected: float) -> Evidence:
    """Return the gradient and the information of one win that had this probability."""
    own = Evidence()
    own.pull |= {winner: 1 - expected, loser: expected - 1}
    own.information |= dict.fromkeys((winner, loser), expected * (1 - expected))
    return own


def cholesky(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the lower triangular root of a covariance; of a direction without variance, that of the mean, 0."""
    root: list[list[float]] = []
    for i, row in enumerate(matrix):
        line: list[float] = []
        for j, other in enumerate(root):
            rest = row[j] - sum(map(mul, line, other))
            line.append(rest / other[j] if other[j] else 0.0)
        left = row[i] - sum(value * value for value in line)
        line.append(math.sqrt(left) if left > 1e-12 else 0.0)
        root.append(line)
    return root
