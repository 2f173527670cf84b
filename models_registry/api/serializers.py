"""Serializers of the model list and of API keys."""

from collections.abc import Mapping
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from models_registry.api.fields import money
from models_registry.catalogue.history import RECORDED
from models_registry.models import LLMModel
from perf.api.fields import FilterField, FilterFlag, FlagField, TextField

PRINTABLE = RegexValidator(r"^\s*[!-~]+\s*\Z", "A key is printable ASCII without blanks.")


class ModelQuery(serializers.Serializer[Any]):
    """What the model list can be narrowed by."""

    provider = FilterField(max_length=50)
    search = FilterField(max_length=200, help_text="Part of the name or id.")
    available = FilterFlag(required=False, default=None)


class Model(serializers.Serializer[Any]):
    """A model; prices in USD per million tokens, context window and output limit in tokens, null where unknown."""

    id = serializers.CharField(help_text="What `model` is called in a request.")
    name = serializers.CharField()
    provider = serializers.CharField()
    context_window = serializers.IntegerField(allow_null=True)
    max_output_tokens = serializers.IntegerField(allow_null=True)
    input_price = serializers.CharField(allow_null=True)
    output_price = serializers.CharField(allow_null=True)
    cache_read_price = serializers.CharField(allow_null=True)
    cache_write_price = serializers.CharField(allow_null=True)
    reasoning = serializers.BooleanField(allow_null=True, help_text="Whether it can think before it answers.")
    vision = serializers.BooleanField(allow_null=True, help_text="Whether it sees images.")
    tools = serializers.BooleanField(allow_null=True, help_text="Whether it calls tools.")
    available = serializers.BooleanField()
    deprecated = serializers.BooleanField()
    checked_at = serializers.DateTimeField(allow_null=True, help_text="Last seen checked against the provider's list.")


MODEL_FIELDS = tuple(Model().get_fields())
PRICES = [name for name in MODEL_FIELDS if name.endswith("_price")]


@extend_schema_serializer(many=False)
class ModelList(serializers.Serializer[Any]):
    """All models, unpaged."""

    results = Model(many=True)


class ModelChange(serializers.Serializer[Any]):
    """A value of a model that changed, as text before and after; null where it was or is unknown.

    Prices are decimals in USD per million tokens, counts are whole numbers, yes and no are `true` and `false`.
    `price_tiers` are JSON, and null where the model has no more rates than its four prices.
    """

    changed_at = serializers.DateTimeField()
    field = serializers.ChoiceField(RECORDED)
    old = serializers.CharField(allow_null=True)
    new = serializers.CharField(allow_null=True)
    source = serializers.ChoiceField(LLMModel.Source.values)  # type: ignore[assignment]  # an attribute of all fields


class Key(serializers.Serializer[Any]):
    """A stored key; `masked` is all that is shown of it."""

    provider = serializers.CharField(source="provider.slug")
    override_system_key = serializers.BooleanField()
    masked = serializers.CharField()
    updated_at = serializers.DateTimeField()


@extend_schema_serializer(many=False)
class KeyList(serializers.Serializer[Any]):
    """One's own keys."""

    keys = Key(many=True)


class KeyInput(serializers.Serializer[Any]):
    """A key to store. It travels in an HTTP header, so it must be printable ASCII without blanks inside."""

    key = TextField(
        max_length=500,
        write_only=True,
        validators=[PRINTABLE],
        help_text="Blanks around it are dropped. Placeholders, and keys shorter than any of the vendor's, are refused.",
    )
    override_system_key = FlagField(default=False)

    def validate_key(self, key: str) -> str:
        """Drop what copying brought along."""
        return key.strip()


class SystemKeys(serializers.Serializer[Any]):
    """For each provider, whether the system has a key."""

    system_keys = serializers.DictField(child=serializers.BooleanField())


class RefreshInput(serializers.Serializer[Any]):
    """Which provider to check; all of them when left out."""

    provider = TextField(required=False, max_length=50)


def model_row(model: LLMModel) -> dict[str, Any]:
    """Return a model as `Model` documents it; a serializer would take longer for the whole list."""
    row = {name: getattr(model, name) for name in MODEL_FIELDS}
    row |= {"id": model.model_id, "provider": model.provider.slug}
    return row | {name: money(row[name]) for name in PRICES}


def change_row(change: Mapping[str, Any]) -> dict[str, Any]:
    """Write a change the way `ModelChange` documents it."""
    return {name: change[name] for name in ("changed_at", "field", "old", "new", "source")}
