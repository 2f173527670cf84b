"""`manage.py benchmark select`: what is gained by choosing, how true the intervals are, and how long it takes."""

import math
import random
import statistics
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from conversations.benchmarks.selection.policies import WIDTHS, requests
from conversations.benchmarks.selection.published import differences
from conversations.benchmarks.selection.timed import choosing_times
from conversations.benchmarks.selection.users import SimulatedUser
from conversations.comparisons.bradley_terry import CENTRE, ELO, rate
from perf.benchmarks.cases import Note, Options, Output, Result, Row

USERS, REQUESTS = 30, 150
STEP = 25  # requests around a number of votes
RATED, GAMES, WORLDS = 8, 400, 100  # models, votes and repetitions for the coverage of intervals


def select(options: Options) -> Iterator[Output]:
    """Simulate users, and measure the choice among 50 models by 10,000 votes."""
    users = min(USERS, max(3, options.rounds // 10))
    yield Note(
        f"{users} users, 20 models, two kinds of prompts with different winners; a vote a request. Utility is strength "
        "less cost, and 0 is a model at random."
    )
    yield from _utility(users)
    yield Result("intervals that hold the true rating", covered() * 100, "%", at_least=93, at_most=97)
    if options.votes is not None:
        yield from differences(Path(options.votes))
    yield from choosing_times(options)


def _utility(users: int) -> Iterator[Output]:
    """Compare ways to choose by the same users; of each, its regret against the best model of each kind."""
    made = [SimulatedUser.make(seed) for seed in range(users)]
    uniform, fixed, best = (
        statistics.mean(getattr(user, name) for user in made) for name in ("uniform", "fixed", "best")
    )
    got = {
        name: [requests(SimulatedUser.make(seed), REQUESTS, width=width) for seed in range(users)]
        for name, width in WIDTHS.items()
    }
    for name, runs in got.items():
        yield Row(name, tuple(_regrets([best - each for each in _means(runs)])))
    for name, worth in (("fixed, the best single model", fixed), ("uniform", uniform)):
        yield Row(name, tuple(_regrets([best - worth] * REQUESTS)))
    gained = [(each - uniform) / (fixed - uniform) * 100 for each in _means(got["auto"])]
    after_50, after_100 = (statistics.mean(gained[votes : votes + STEP]) for votes in (50, 100))
    yield Result("auto after 50 votes, of the best single model's utility", after_50, "%", at_least=90)
    yield Result("auto after 100 votes", after_100, "%", at_least=100)


def _means(runs: list[list[float]]) -> list[float]:
    return [statistics.mean(values) for values in zip(*runs, strict=True)]


def _regrets(lost: list[float]) -> Iterator[Result]:
    yield Result("regret of requests 1 to 100", sum(lost[:100]), "")
    yield Result("regret per 100 after 100 votes", statistics.mean(lost[100:]) * 100, "")


def covered(worlds: int = WORLDS) -> float:
    """Return the share of 95 % intervals that hold the true rating, of models that vote after vote met at random."""
    rng = random.Random(3)  # noqa: S311  # the same worlds at each run
    inside = 0
    for _ in range(worlds):
        strengths = [rng.gauss(0, 1) for _ in range(RATED)]
        mean = statistics.mean(strengths)
        wins: dict[tuple[int, int], float] = defaultdict(float)
        for _ in range(GAMES):
            one, other = rng.sample(range(RATED), 2)
            first = rng.random() < 1 / (1 + math.exp(strengths[other] - strengths[one]))
            wins[(one, other) if first else (other, one)] += 1
        for strength, rating in zip(strengths, rate(RATED, wins), strict=True):
            inside += rating.low <= CENTRE + ELO * (strength - mean) <= rating.high
    return inside / (worlds * RATED)
