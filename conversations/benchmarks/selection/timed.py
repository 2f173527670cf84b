"""The time of a choice among 50 models by 10,000 votes, with the look-up that says whether they are current."""

import random
import statistics
from collections.abc import Iterator

from django.contrib.auth.models import User

from conversations.benchmarks.growth.leaderboard import MODELS, VOTES, store_votes
from conversations.benchmarks.selection.users import FILLERS, KINDS
from conversations.models import Comparison
from conversations.selection.service import choose
from models_registry.models import LLMModel, Provider
from models_registry.providers.base import Prompt, Turn
from perf.api.access import Access
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import milliseconds
from perf.db.scratch import scratch_database

WORDS = 500  # different ones in the prompts


def choosing_times(options: Options) -> Iterator[Result]:
    """Choose once after a vote, which reads all votes, and then again and again."""
    with scratch_database(options.database_url):
        user = User.objects.create(username="benchmark")
        provider = Provider.objects.create(slug="p", name="P", kind="openai_compatible", requires_key=False)
        LLMModel.objects.bulk_create(
            LLMModel(provider=provider, model_id=f"m{number}", name="M", input_price=number, output_price=number)
            for number in range(MODELS)
        )
        store_votes(user, prompts=_prompts(random.Random(5)))  # noqa: S311  # the same at each run
        access, prompt = Access(user.pk), Prompt(messages=[Turn("user", KINDS[0][0])])
        first = milliseconds(lambda: choose(access=access, prompt=prompt))
        times = [milliseconds(lambda: choose(access=access, prompt=prompt)) for _ in range(max(100, options.rounds))]
        Comparison.objects.filter(user=user).update(both_bad=True)
        assert choose(access=access, prompt=prompt).code == "too_few_votes"  # noqa: S101 - the votes are gone at once
    yield Result(f"first choice after a vote, {VOTES:,} votes, {MODELS} models", first, "ms")
    yield Result("choice, median", statistics.median(times), "ms", at_most=2)


def _prompts(rng: random.Random) -> Iterator[str]:
    while True:
        words = [f"w{min(int(rng.paretovariate(0.5)), WORDS)}" for _ in range(12)]
        yield " ".join([rng.choice(rng.choice(KINDS)), *rng.sample(FILLERS, 3), *words])
