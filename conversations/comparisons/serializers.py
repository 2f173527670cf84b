"""Serializers of comparisons, votes and the leaderboard."""

from typing import Any

from rest_framework import serializers

from conversations.completions.reasons import AnswerError, error_row
from conversations.completions.streams.fields import OnDisconnectField
from conversations.completions.usage import FIELDS, PricedOutput, priced_row
from conversations.history.serializers import TEXT_LIMIT, AttachmentsField, Running
from conversations.models import Comparison, ComparisonResult
from models_registry.api.fields import EffortField, ProviderField
from models_registry.providers.reading.finish import FinishReasons
from perf.api.fields import FilterField, FlagField, ItemSerializer, ShortListField, TextField, WholeNumberField

# What a blind comparison withholds: a price or a count of tokens names a model as well as its name does.
WITHHELD = ("provider", "model", "reasoning", *PricedOutput().fields)
# Of a replay one answer is known from before: its time, and how it ended, would tell which one.
WITHHELD_IN_REPLAYS = ("time", "ttft", "finish_reason")
WITHHELD_ERROR = {"error": "provider_error", "message": "The model failed."}


class ModelChoice(ItemSerializer):
    """A model to ask."""

    provider = ProviderField()
    model = TextField(max_length=200)


class CompareInput(serializers.Serializer[Any]):
    """A prompt for two to four models; the same one may appear twice."""

    prompt = TextField(max_length=TEXT_LIMIT)
    attachments = AttachmentsField()
    models = ShortListField(child=ModelChoice(), min_length=2, max_length=4)
    system = TextField(max_length=TEXT_LIMIT, required=False, allow_blank=True, allow_null=True, default="")
    blind = FlagField(default=False)
    reasoning_effort = EffortField()
    on_disconnect = OnDisconnectField()


class VoteInput(serializers.Serializer[Any]):
    """The index of the preferred result, or null for a tie, or with `both_bad` for a vote against all results."""

    preferred_index = WholeNumberField(allow_null=True)
    both_bad = FlagField(default=False, help_text="No answer is good; only with a preferred_index of null.")


class Result(PricedOutput):
    """One answer; provider, model, reasoning, cost and tokens are null while the comparison is blind."""

    index = serializers.IntegerField()
    provider = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    response = serializers.CharField()
    error = AnswerError(allow_null=True)
    time = serializers.FloatField(allow_null=True)
    ttft = serializers.FloatField(allow_null=True)
    reasoning = serializers.CharField(allow_null=True)
    finish_reason = serializers.ChoiceField(choices=FinishReasons.choices, allow_null=True)
    estimated = serializers.BooleanField(allow_null=True, help_text="Tokens were estimated from the text.")


class ComparisonOutput(serializers.Serializer[Any]):
    """A comparison with its results; a vote is there when `voted_at` is."""

    id = serializers.UUIDField()
    prompt = serializers.CharField()
    attachments = serializers.ListField(
        child=serializers.DictField(), allow_null=True, help_text="The files of the prompt, as parts of a message."
    )
    blind = serializers.BooleanField()
    revealed = serializers.BooleanField()
    preferred_index = serializers.IntegerField(allow_null=True)
    both_bad = serializers.BooleanField(help_text="The vote is that no answer is good.")
    voted_at = serializers.DateTimeField(allow_null=True)
    analysis = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    results = Result(many=True)


class ComparisonDetail(ComparisonOutput):
    """A comparison by itself."""

    running = Running(allow_null=True, help_text="The stream that writes the answers, until all are stored.")


# The attributes of rows, which become cached bytes without a serializer.
COMPARISON_FIELDS: tuple[str, ...] = tuple(name for name in ComparisonOutput().get_fields() if name != "results")


class LeaderboardQuery(serializers.Serializer[Any]):
    """Which models to show, which votes count, and what the ratings are set against."""

    provider = FilterField(max_length=50)
    since = serializers.DateTimeField(required=False)
    by = serializers.ChoiceField(
        choices=["cost", "latency", "category"],
        required=False,
        help_text="Sets the ratings against the median cost or the time to the first token, and says which models are "
        "on the front, which no other one beats in both; or does so for each kind of prompts.",
    )
    to = serializers.DateTimeField(required=False, help_text="Votes before this count.")

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which Python does not let be an attribute."""
        start = serializers.DateTimeField(required=False, help_text="As `since`, before which it comes.")
        return super().get_fields() | {"from": start}


class Standing(serializers.Serializer[Any]):
    """How a model did in one's votes; the rating and its 95 % interval are null while `votes_needed` is above 0."""

    provider = serializers.CharField()
    model = serializers.CharField()
    rating = serializers.FloatField(allow_null=True)
    rating_low = serializers.FloatField(allow_null=True)
    rating_high = serializers.FloatField(allow_null=True)
    votes_needed = serializers.IntegerField(
        min_value=0,
        help_text="How many more votes on the model, each against another model, give it a rating; 0 once it has one. "
        "A vote on more than two answers may count for several.",
    )
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    ties = serializers.IntegerField()
    both_bad = serializers.IntegerField(help_text="Votes that no answer was good; they do not change the rating.")
    comparisons = serializers.IntegerField()
    win_rate = serializers.FloatField(allow_null=True, help_text="0 to 1; a tie counts half.")
    avg_cost = serializers.CharField(allow_null=True, help_text="USD an answer")
    p50_ttft = serializers.FloatField(allow_null=True, help_text="seconds")
    p95_time = serializers.FloatField(allow_null=True, help_text="seconds")


class Leaderboard(serializers.Serializer[Any]):
    """All models one has voted on, best first."""

    results = Standing(many=True)


class ParetoStanding(serializers.Serializer[Any]):
    """A model's rating, null while `votes_needed` is above 0, and the medians of its answers."""

    provider = serializers.CharField()
    model = serializers.CharField()
    votes = serializers.IntegerField(help_text="Pairs with other models that your votes decided.")
    votes_needed = serializers.IntegerField(min_value=0)
    rating = serializers.FloatField(allow_null=True)
    rating_low = serializers.FloatField(allow_null=True)
    rating_high = serializers.FloatField(allow_null=True)
    p50_cost = serializers.CharField(allow_null=True, help_text="USD an answer")
    p50_ttft = serializers.FloatField(allow_null=True, help_text="seconds")
    p50_time = serializers.FloatField(allow_null=True, help_text="seconds")
    on_front = serializers.BooleanField(help_text="No other model is rated as high and takes as little, or less.")


class ParetoPair(serializers.Serializer[Any]):
    """How two rated models stand to each other."""

    provider = serializers.CharField()
    model = serializers.CharField()
    against = serializers.DictField(child=serializers.CharField())
    is_better = serializers.FloatField(help_text="The probability that its true rating is the higher one.")
    is_preferred = serializers.FloatField(help_text="The probability that you would vote for its answer.")


class Pareto(serializers.Serializer[Any]):
    """Ratings against cost or time."""

    results = ParetoStanding(many=True)
    pairs = ParetoPair(many=True)


class CategoryPareto(Pareto):
    """Those of one kind of prompts; the front is by cost."""

    category = serializers.CharField()


class Categories(serializers.Serializer[Any]):
    """Ratings for each kind of prompts that one has voted on."""

    categories = CategoryPareto(many=True)


class PairsQuery(serializers.Serializer[Any]):
    """From when on votes count."""

    since = serializers.DateTimeField(required=False)


class PairModel(serializers.Serializer[Any]):
    """The other model of a pair."""

    provider = serializers.CharField()
    model = serializers.CharField()


class Pair(PairModel):
    """How often a model won against another one, in one's votes."""

    against = PairModel()
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    ties = serializers.IntegerField()


class Pairs(serializers.Serializer[Any]):
    """All pairs of models that votes decided, both ways round."""

    results = Pair(many=True)


def comparison_row(comparison: Comparison, results: list[ComparisonResult] | None = None) -> dict[str, Any]:
    """Return a comparison as `ComparisonOutput` documents it, with these results, or the stored ones."""
    shown = comparison.results.all() if results is None else results
    row = {name: getattr(comparison, name) for name in COMPARISON_FIELDS}
    row["both_bad"] = bool(comparison.both_bad)
    row["analysis"] = comparison.analysis or None
    row["results"] = [result_row(result, hidden=comparison.hidden) for result in shown]
    if comparison.hidden and comparison.replay_place is not None:
        for result in row["results"]:
            result |= dict.fromkeys(WITHHELD_IN_REPLAYS)
    return row


def result_row(result: ComparisonResult, *, hidden: bool) -> dict[str, Any]:
    """Write a result the way `Result` documents it."""
    row: dict[str, Any] = {
        "index": result.index,
        "provider": result.provider,
        "model": result.model,
        "response": result.response,
        "error": error_row(result.error, result.error_message),
        "time": result.time,
        "ttft": result.ttft,
        "reasoning": result.reasoning,
        "finish_reason": result.finish_reason,
        **priced_row({name: getattr(result, name) for name in FIELDS}),
    }
    if hidden:
        row |= dict.fromkeys(WITHHELD)
        row["error"] = WITHHELD_ERROR if result.error else None
    return row
