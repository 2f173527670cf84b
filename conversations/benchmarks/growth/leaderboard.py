"""The time of a leaderboard over many votes, without the cache."""

import random
import statistics
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import repeat

from django.contrib.auth.models import User
from django.utils import timezone

from conversations.comparisons.leaderboard import leaderboard
from conversations.models import Comparison, ComparisonResult
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import milliseconds
from perf.db.scratch import scratch_database

VOTES, MODELS = 10_000, 50


def votes(options: Options) -> Iterator[Result]:
    """Compute the leaderboard of one user's votes."""
    with scratch_database():
        user = User.objects.create(username="benchmark")
        store_votes(user)
        rounds = max(3, options.rounds // 30)
        times = [milliseconds(lambda: leaderboard(user_id=user.pk)) for _ in range(rounds)]
        rated = len(leaderboard(user_id=user.pk))
    yield Result("models rated", rated, "models")
    yield Result(f"leaderboard over {VOTES:,} votes, median", statistics.median(times), "ms", at_most=300)


def store_votes(user: User, prompts: Iterable[str] = repeat("?")) -> None:
    """Store comparisons of two to four models of different strengths, and their votes."""
    rng, now = random.Random(7), timezone.now()  # noqa: S311  # the same data at each run
    comparisons, results = [], []
    for number, prompt in zip(range(VOTES), prompts, strict=False):
        models = rng.sample(range(MODELS), rng.choice((2, 2, 3, 4)))
        best = max(range(len(models)), key=lambda index: rng.gauss(models[index] / 10, 2))
        voted_at = now - timedelta(minutes=number)
        comparison = Comparison(user=user, prompt=prompt, preferred_index=best, voted_at=voted_at)
        comparisons.append(comparison)
        for index, model in enumerate(models):
            figures = {"time": rng.random(), "ttft": rng.random(), "cost": Decimal("0.000123")}
            results.append(
                ComparisonResult(comparison=comparison, index=index, provider="p", model=f"m{model}", **figures)
            )
    Comparison.objects.bulk_create(comparisons, batch_size=1000)
    ComparisonResult.objects.bulk_create(results, batch_size=1000)
