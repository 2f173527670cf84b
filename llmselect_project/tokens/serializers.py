"""Serializers of tokens."""

from datetime import UTC, datetime
from typing import Any

from django.core.validators import RegexValidator
from django.utils import timezone
from rest_framework import serializers

from llmselect_project.config.environment import as_rate
from llmselect_project.models import ApiToken
from llmselect_project.tokens.endpoints import GROUPS
from perf.api.fields import FlagField, ShortListField, TextField

NAME_LIMIT = 100  # characters, the column's
PATTERNS = 100  # in the list of models
# A large limit would be a long list of times in the store that counts.
RATE = RegexValidator(
    r"^[1-9][0-9]{0,3}/(?:s|sec|second|m|min|minute|h|hour|d|day)\Z", "Must look like 60/min, with 9999 at most."
)
MODEL = RegexValidator(
    r"^[-_a-zA-Z0-9]+/(?:[^\s*]+\*?|\*)\Z", "Must look like openai/gpt-5 or openai/*, with * at the end only."
)


def _models() -> ShortListField:
    return ShortListField(
        child=TextField(max_length=260, validators=[MODEL]),
        min_length=1,
        max_length=PATTERNS,
        allow_null=True,
        required=False,
        help_text="The models that it may use, as provider/model or the beginning of that with a *; null for all.",
    )


def _endpoints() -> ShortListField:
    return ShortListField(
        child=serializers.ChoiceField(choices=GROUPS),
        min_length=1,
        max_length=len(GROUPS),
        allow_null=True,
        required=False,
        help_text="The groups of endpoints that it may use; null for all but admin.",
    )


def _rate() -> TextField:
    return TextField(
        max_length=20,
        validators=[RATE],
        allow_null=True,
        required=False,
        help_text="How many chats and comparisons it may send, beside your own limit; null for no limit of its own.",
    )


class TokenChange(serializers.Serializer[Any]):
    """A new name or new limits; what is left out stays."""

    name = TextField(max_length=NAME_LIMIT, required=False)
    allowed_models = _models()
    allowed_endpoints = _endpoints()
    read_only = FlagField(required=False, help_text="Whether it may only read: GET, HEAD and OPTIONS.")  # type: ignore[assignment]
    rate_limit = _rate()

    def validate_name(self, name: str) -> str:
        """Drop needless blanks."""
        return " ".join(name.split())

    def validate_allowed_models(self, patterns: list[str] | None) -> list[str] | None:
        """Drop what is listed twice."""
        return None if patterns is None else list(dict.fromkeys(patterns))

    def validate_allowed_endpoints(self, groups: list[str] | None) -> list[str] | None:
        """Drop what is listed twice."""
        return None if groups is None else list(dict.fromkeys(groups))

    def validate_rate_limit(self, rate: str | None) -> str | None:
        """Write the period out, as the counters of limits name it."""
        return None if rate is None else as_rate(rate)


class TokenInput(TokenChange):
    """A token to make."""

    name = TextField(max_length=NAME_LIMIT, help_text="What you recognise it by; each of your tokens has its own.")
    expires_at = serializers.DateTimeField(
        allow_null=True, required=False, default_timezone=UTC, help_text="When it ends; null for never."
    )

    def validate_expires_at(self, moment: datetime | None) -> datetime | None:
        """Refuse the past."""
        if moment is not None and moment <= timezone.now():
            raise serializers.ValidationError("Must be in the future.")
        return moment


class Token(serializers.Serializer[Any]):
    """A token, without the secret; null limits are no limits."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="How it begins, to recognise it by.")
    state = serializers.ChoiceField(choices=["active", "expired"])
    allowed_models = serializers.ListField(child=serializers.CharField(), allow_null=True)
    allowed_endpoints = serializers.ListField(child=serializers.ChoiceField(choices=GROUPS), allow_null=True)
    read_only = serializers.BooleanField()  # type: ignore[assignment]  # an attribute of all fields
    rate_limit = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")


class NewToken(Token):
    """A token that was just made, with the secret, which is shown this once."""

    token = serializers.CharField()


FIELDS = tuple(Token().get_fields())


def token_row(token: ApiToken) -> dict[str, Any]:
    """Return a token as `Token` documents it."""
    return {field: getattr(token, field) for field in FIELDS}
