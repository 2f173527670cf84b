"""Serializers of sets of prompts and of replays."""

from typing import Any

from rest_framework import serializers

from conversations.comparisons.replays.models import NAME_LENGTH
from conversations.comparisons.replays.results import outcomes, to_vote
from conversations.comparisons.replays.service import LABEL, PROMPTS, TEXT_LIMIT, TURNS
from conversations.comparisons.serializers import ModelChoice
from conversations.models import PromptSet, Replay
from conversations.selection.prompts import CATEGORIES
from models_registry.api.fields import money
from models_registry.spending.budgets.serializers import LimitField
from perf.api.fields import FlagField, IdField, ItemSerializer, ShortListField, TextField, WholeNumberField
from perf.models import Job

SOURCES = ("voted", "tag", "set")


class PromptInput(ItemSerializer):
    """A prompt in MT-bench's shape; replays ask its first turn."""

    question_id = TextField(max_length=LABEL, required=False, help_text="Once in a set; else the next number.")
    category = TextField(max_length=LABEL, required=False, allow_blank=True)
    turns = ShortListField(child=TextField(max_length=TEXT_LIMIT), min_length=1, max_length=TURNS)


class PromptSetInput(serializers.Serializer[Any]):
    """A set to make: of given prompts, of a file's, of one's own questions, or of all that a conversation asked."""

    name = TextField(max_length=NAME_LENGTH)
    prompts = ShortListField(child=PromptInput(), required=False, max_length=PROMPTS)
    file = IdField(
        required=False, allow_null=True, help_text="An uploaded file with such prompts: a JSON list, or JSON Lines."
    )
    messages = ShortListField(child=IdField(), required=False, max_length=PROMPTS, help_text="Questions, by their ids.")
    conversations = ShortListField(
        child=IdField(), required=False, max_length=PROMPTS, help_text="Each gives its questions as turns of a prompt."
    )


class PromptSetChange(serializers.Serializer[Any]):
    """A new name, or new prompts instead of the old ones."""

    name = TextField(max_length=NAME_LENGTH, required=False)
    prompts = ShortListField(child=PromptInput(), required=False, min_length=1, max_length=PROMPTS)


class PromptOutput(serializers.Serializer[Any]):
    """A prompt of a set."""

    question_id = serializers.CharField()
    category = serializers.CharField(allow_blank=True)
    turns = serializers.ListField(child=serializers.CharField())


class PromptSetSummary(serializers.Serializer[Any]):
    """A set without its prompts."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    count = serializers.IntegerField(help_text="How many prompts it has.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class PromptSetOutput(PromptSetSummary):
    """A set with its prompts."""

    prompts = PromptOutput(many=True)


class SourceInput(ItemSerializer):
    """Where prompts come from: comparisons that were voted on, those of a category, or a set."""

    type = serializers.ChoiceField(choices=SOURCES)
    tag = serializers.ChoiceField(
        choices=CATEGORIES, required=False, allow_null=True, help_text="With `tag`: the category of the prompts."
    )
    set = IdField(required=False, allow_null=True, help_text="With `set`: the id of the set.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that there is what the type needs. Raises ValidationError."""
        needed = attrs["type"]
        if needed != "voted" and attrs.get(needed) is None:
            raise serializers.ValidationError({needed: ["Give one of `tag` and `set`, as the type says."]})
        return attrs


class ReplayInput(serializers.Serializer[Any]):
    """Models, and the prompts that they shall answer."""

    models = ShortListField(child=ModelChoice(), min_length=1, max_length=4)
    source = SourceInput()  # type: ignore[assignment]
    limit = WholeNumberField(min_value=1, max_value=PROMPTS, required=False, help_text="Prompts; 100 by default.")
    budget = LimitField(required=False, help_text="USD that the replay never exceeds, beside your other budgets.")
    blind = FlagField(default=True, help_text="Withhold which answer is whose until you vote.")


class ReplaySource(serializers.Serializer[Any]):
    """Where the prompts come from."""

    type = serializers.ChoiceField(choices=SOURCES)
    tag = serializers.CharField(allow_null=True)
    set = serializers.UUIDField(allow_null=True)


class ReplayModel(serializers.Serializer[Any]):
    """A model that answers."""

    provider = serializers.CharField()
    model = serializers.CharField()


class ReplaySummary(serializers.Serializer[Any]):
    """How far a replay is: `total` is what was done, skipped, interrupted, and is still to do."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Job.State.values)
    models = ReplayModel(many=True)
    source = ReplaySource()  # type: ignore[assignment]
    blind = serializers.BooleanField()
    total = serializers.IntegerField(help_text="Prompts, each once for every model that it is paired with.")
    done = serializers.IntegerField()
    skipped = serializers.DictField(child=serializers.IntegerField(), help_text="Prompts not asked, by reason.")
    interrupted = serializers.IntegerField(help_text="Begun by a process that ended; they are not asked again.")
    budget = serializers.CharField(allow_null=True, help_text="USD")
    spent = serializers.CharField(help_text="USD")
    stopped = serializers.CharField(allow_null=True, help_text="The code of what ended it early, as budget_exceeded.")
    error = serializers.CharField(allow_null=True, help_text="Why it was stopped, or failed.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class AnswerFigures(serializers.Serializer[Any]):
    """Figures of answers; null where nothing is known."""

    count = serializers.IntegerField()
    avg_cost = serializers.CharField(allow_null=True, help_text="USD an answer")
    p50_time = serializers.FloatField(allow_null=True, help_text="seconds")
    p50_ttft = serializers.FloatField(allow_null=True, help_text="seconds")


class Outcome(ReplayModel):
    """How a model did: against the winners of then, or in a set against the other models."""

    would_have_won = serializers.ChoiceField(
        choices=("yes", "no", "open"), help_text="`open` while the interval of the win rate holds one half."
    )
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    ties = serializers.IntegerField()
    both_bad = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Prompts that it did not answer.")
    waiting = serializers.IntegerField(help_text="Answers that wait for your vote.")
    win_rate = serializers.FloatField(allow_null=True, help_text="0 to 1; a tie counts half.")
    win_rate_low = serializers.FloatField(allow_null=True, help_text="Of its 95 % interval (Wilson).")
    win_rate_high = serializers.FloatField(allow_null=True)
    answers = AnswerFigures(help_text="Of its answers that are not withheld.")
    winners = AnswerFigures(help_text="Of those beside them.")


class ReplayOutput(ReplaySummary):
    """A replay, what came of it so far, and what to vote on next."""

    results = Outcome(many=True)
    to_vote = serializers.ListField(child=serializers.UUIDField(), help_text="Comparisons that wait, the first 20.")


class ReplayAnswer(serializers.Serializer[Any]):
    """An answer in the table; null what is withheld."""

    index = serializers.IntegerField()
    provider = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    failed = serializers.BooleanField()
    cost = serializers.CharField(allow_null=True, help_text="USD")
    time = serializers.FloatField(allow_null=True, help_text="seconds")


class ReplayRow(serializers.Serializer[Any]):
    """A prompt of a replay."""

    place = serializers.IntegerField()
    comparison = serializers.UUIDField()
    prompt = serializers.CharField(help_text="Its beginning.")
    hidden = serializers.BooleanField(help_text="Which answer is whose is withheld.")
    voted_at = serializers.DateTimeField(allow_null=True)
    preferred_index = serializers.IntegerField(allow_null=True)
    answers = ReplayAnswer(many=True)


class ReplayTable(serializers.Serializer[Any]):
    """All prompts that were answered, in the order in which they were asked."""

    results = ReplayRow(many=True)


def set_row(record: PromptSet, *, with_prompts: bool) -> dict[str, Any]:
    """Return a set as `PromptSetOutput` documents it, or `PromptSetSummary`."""
    row = {name: getattr(record, name) for name in ("id", "name", "count", "created_at", "updated_at")}
    return {**row, "prompts": record.prompts} if with_prompts else row


def summary_row(record: Replay) -> dict[str, Any]:
    """Return a replay as `ReplaySummary` documents it."""
    job = record.job
    begun = int(job.progress.get("begun", 0)) - (job.state == Job.State.RUNNING)
    source = {"type": "voted", "tag": None, "set": None, **record.source}
    names = [name.partition("/") for name in record.candidates]
    return {
        "id": record.pk,
        "state": job.state,
        "models": [{"provider": provider, "model": model} for provider, _, model in names],
        "source": source,
        "blind": record.blind,
        "total": record.total,
        "done": record.done,
        "skipped": record.skipped,
        "interrupted": max(0, begun - record.done - sum(record.skipped.values())),
        "budget": money(record.budget),
        "spent": money(record.spent),
        "stopped": record.stopped or None,
        "error": record.stopped_message or job.error or None,
        "created_at": record.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def replay_row(record: Replay) -> dict[str, Any]:
    """Return a replay as `ReplayOutput` documents it."""
    return {**summary_row(record), "results": outcomes(record), "to_vote": list(to_vote(record.pk))}
