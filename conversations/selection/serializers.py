"""Serializers of the choice of models and its settings."""

from typing import Any

from rest_framework import serializers

from conversations.comparisons.serializers import ModelChoice
from conversations.history.serializers import (
    TEXT_LIMIT,
    TURN_LIMIT,
    SelectionReason,
    SuggestedComparison,
    TurnInput,
)
from conversations.selection.models import SelectionSettings
from perf.api.fields import FlagField, NumberField, ShortListField, TextField, WholeNumberField

MOST_CANDIDATES = 50
DEAREST, LONGEST = 10_000, 86_400  # US cents, seconds
CENTS = "US cents that an answer which you prefer 3 times of 4 may cost more; null: cost does not count."
SECONDS = "Seconds that an answer which you prefer 3 times of 4 may take longer; null: time does not count."


class SettingsInput(serializers.Serializer[Any]):
    """All settings of your choice; what is left out is as at the beginning."""

    models = ShortListField(
        child=ModelChoice(),
        max_length=MOST_CANDIDATES,
        required=False,
        default=list,
        help_text="The models to choose from; none: all that you have a key for and voted on.",
    )
    default_model = ModelChoice(required=False, allow_null=True, default=None)
    cents_for_better = NumberField(
        min_value=0.0001, max_value=DEAREST, required=False, allow_null=True, default=None, help_text=CENTS
    )
    seconds_for_better = NumberField(
        min_value=0.001, max_value=LONGEST, required=False, allow_null=True, default=None, help_text=SECONDS
    )


class ModelOutput(serializers.Serializer[Any]):
    """A model by name."""

    provider = serializers.CharField()
    model = serializers.CharField()


class SettingsOutput(serializers.Serializer[Any]):
    """The settings of your choice."""

    models = ModelOutput(many=True)
    default_model = ModelOutput(allow_null=True)
    cents_for_better = serializers.FloatField(allow_null=True, help_text=CENTS)
    seconds_for_better = serializers.FloatField(allow_null=True, help_text=SECONDS)


class SelectInput(serializers.Serializer[Any]):
    """A request to choose for: exactly one of `message` and `messages`, as in `POST /chat`, and what else it needs."""

    message = TextField(max_length=TEXT_LIMIT, required=False)
    messages = ShortListField(child=TurnInput(), required=False, min_length=1, max_length=TURN_LIMIT)
    system = TextField(max_length=TEXT_LIMIT, required=False, allow_blank=True, allow_null=True)
    images = FlagField(default=False, help_text="It has images.")
    tools = FlagField(default=False, help_text="It offers tools.")
    max_tokens = WholeNumberField(min_value=1, max_value=10_000_000, required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the rules between fields. Raises ValidationError."""
        if ("message" in attrs) == ("messages" in attrs):
            raise serializers.ValidationError({"message": "Give exactly one of `message` and `messages`."})
        if "messages" in attrs and attrs["messages"][-1]["role"] != "user":
            raise serializers.ValidationError({"messages": "The last message must be by the user."})
        return attrs


class CandidateOutput(ModelOutput):
    """A model that can take the request; what votes say of it is null without a vote on it."""

    votes = serializers.IntegerField(help_text="Your votes on its answers.")
    probability = serializers.FloatField(help_text="How likely it is to be chosen, 0 to 1.")
    score = serializers.FloatField(
        allow_null=True, help_text="Its preference less what cost and time are worth to you, in Elo points."
    )
    preference = serializers.FloatField(
        allow_null=True, help_text="How much you prefer its answers for such prompts to an average one, in Elo points."
    )
    preference_low = serializers.FloatField(allow_null=True, help_text="Of the 95 % interval.")
    preference_high = serializers.FloatField(allow_null=True, help_text="Of the 95 % interval.")
    cost = serializers.CharField(allow_null=True, help_text="USD that an answer is likely to cost.")
    time = serializers.FloatField(allow_null=True, help_text="Seconds that its answers took, at the median.")


class ExcludedOutput(ModelOutput):
    """A model that cannot take the request."""

    reason = serializers.ChoiceField(choices=["model_not_allowed", "context_length_exceeded", "no_images", "no_tools"])


class SelectOutput(ModelOutput):
    """The model that is most likely to be chosen, why, and how the others stand."""

    reason = SelectionReason()
    votes = serializers.IntegerField()
    votes_needed = serializers.IntegerField(help_text="Before votes choose instead of the default model.")
    category = serializers.CharField()
    candidates = CandidateOutput(many=True)
    excluded = ExcludedOutput(many=True)
    compare_suggested = SuggestedComparison(allow_null=True)


def settings_row(row: SelectionSettings) -> dict[str, Any]:
    """Write settings the way `SettingsOutput` documents them."""
    return {
        "models": [model_row(name) for name in row.candidates],
        "default_model": model_row(row.default_model) if row.default_model else None,
        "cents_for_better": row.cents_for_better,
        "seconds_for_better": row.seconds_for_better,
    }


def model_row(name: str) -> dict[str, str]:
    """Write `provider/model` as its two parts."""
    provider, _, model = name.partition("/")
    return {"provider": provider, "model": model}
