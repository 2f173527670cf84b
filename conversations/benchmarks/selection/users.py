"""Simulated users: known strengths of 20 models for two kinds of prompts, known costs, and votes at random by them."""

import math
import random
from dataclasses import dataclass
from statistics import mean

from conversations.selection.choosing import Taste, utilities
from conversations.selection.posterior import ModelName, Vote

MODELS = 20
COMMON, OWN = 1.0, 1.0  # standard deviations of a strength: of all prompts, and of one kind
CENTS = 4.0  # that a user would pay for an answer preferred 3 times of 4
COST = (-1.0, 1.0)  # mean and standard deviation of the logarithm of an answer's cost in US cents
KINDS = (
    (
        "fix the python function that sorts a list",
        "explain this traceback in django",
        "write a sql query for orders",
        "refactor this class in typescript",
        "why does this regex match twice",
        "unit tests for a parser",
    ),
    (
        "an invitation for a garden party",
        "a toast for my sister's wedding",
        "a short review of a novel about the sea",
        "condolences to a neighbour",
        "a welcome speech for new colleagues",
        "a description of a rainy harbour",
    ),
)
FILLERS = [
    "please",
    "kindly",
    "quickly",
    "carefully",
    "again",
    "today",
    "simple",
    "longer",
    "shorter",
    "better",
    "clear",
    "formal",
    "old",
    "new",
    "small",
]
NAMES: list[ModelName] = [("p", f"m{number}") for number in range(MODELS)]


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """One user: strengths, burdens of cost and utilities by kind and model, and a source of randomness."""

    rng: random.Random
    strengths: list[list[float]]
    burdens: list[float]
    worth: list[list[float]]

    @classmethod
    def make(cls, seed: int) -> "SimulatedUser":
        """Make a user for whom another model is the best one for each kind of prompts."""
        rng = random.Random(seed)  # noqa: S311  # the same users at each run
        while True:
            common = [rng.gauss(0, COMMON) for _ in NAMES]
            strengths = [[each + rng.gauss(0, OWN) for each in common] for _ in KINDS]
            burdens = [Taste(cents=CENTS).burden(math.exp(rng.gauss(*COST)) / 100, None) for _ in NAMES]
            worth = [utilities(each, burdens) for each in strengths]
            if len({each.index(max(each)) for each in worth}) == len(KINDS):
                return cls(rng, strengths, burdens, worth)

    def prompt(self) -> tuple[int, str]:
        """Return a kind and a prompt of it."""
        kind = self.rng.randrange(len(KINDS))
        return kind, " ".join([self.rng.choice(KINDS[kind]), *self.rng.sample(FILLERS, 3)])

    def vote(self, kind: int, prompt: str, one: int, other: int) -> Vote:
        """Vote on two answers, at random by the strengths of their models."""
        lead = self.strengths[kind][one] - self.strengths[kind][other]
        first = self.rng.random() < 1 / (1 + math.exp(-lead))
        winner, loser = (one, other) if first else (other, one)
        return Vote(prompt, [(NAMES[winner], NAMES[loser], 1.0)])

    @property
    def uniform(self) -> float:
        """What a model at random is worth on average."""
        return mean([value for each in self.worth for value in each])

    @property
    def fixed(self) -> float:
        """What the one model is worth that is the best one over both kinds."""
        by_model: list[tuple[float, ...]] = list(zip(*self.worth, strict=True))
        return max(mean(values) for values in by_model)

    @property
    def best(self) -> float:
        """What the best model of each kind is worth."""
        return mean([max(values) for values in self.worth])
