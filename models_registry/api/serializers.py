"""Shapes of the model list and of API keys."""

from collections.abc import Mapping
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from models_registry.api.fields import money
from models_registry.catalogue.history import RECORDED
from models_registry.models import APIKey, LLMModel
from perf.api.fields import FilterField, FilterFlag, FlagField, TextField

PRINTABLE = RegexValidator(r"^[!-~]+\Z", "A key is printable ASCII without blanks.")


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


@extend_schema_serializer(many=False)
class ModelList(serializers.Serializer[Any]):
    """All models, unpaged."""

    results = Model(many=True)


class Change(serializers.Serializer[Any]):
    """A value of a model that changed, as text before and after; null where it was or is unknown.

    Prices are decimals in USD per million tokens, counts are whole numbers, yes and no are `true` and `false`.
    """

    changed_at = serializers.DateTimeField()
    field = serializers.ChoiceField(RECORDED)
    old = serializers.CharField(allow_null=True)
    new = serializers.CharField(allow_null=True)
    source = serializers.ChoiceField(LLMModel.Source.values)  # type: ignore[assignment]  # an attribute of all fields


class Key(serializers.Serializer[Any]):
    """A stored key; `masked` is all that is shown of it."""

    provider = serializers.CharField()
    override_system_key = serializers.BooleanField()
    masked = serializers.CharField()
    updated_at = serializers.DateTimeField()


@extend_schema_serializer(many=False)
class KeyList(serializers.Serializer[Any]):
    """One's own keys."""

    keys = Key(many=True)


class KeyInput(serializers.Serializer[Any]):
    """A key to store. It travels in an HTTP header, so it must be printable ASCII; blanks around it are dropped."""

    key = TextField(max_length=500, write_only=True, trim_whitespace=True, validators=[PRINTABLE])
    override_system_key = FlagField(default=False)


class SystemKeys(serializers.Serializer[Any]):
    """For each provider, whether the system has a key."""

    system_keys = serializers.DictField(child=serializers.BooleanField())


class RefreshInput(serializers.Serializer[Any]):
    """Which provider to check; all of them when left out."""

    provider = TextField(required=False, max_length=50)


def model_row(model: LLMModel) -> dict[str, Any]:
    """Write a model the way `Model` documents it."""
    return {
        "id": model.model_id,
        "name": model.name,
        "provider": model.provider.slug,
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "input_price": money(model.input_price),
        "output_price": money(model.output_price),
        "cache_read_price": money(model.cache_read_price),
        "cache_write_price": money(model.cache_write_price),
        "reasoning": model.reasoning,
        "vision": model.vision,
        "tools": model.tools,
        "available": model.available,
        "deprecated": model.deprecated,
        "checked_at": model.checked_at,
    }


def change_row(change: Mapping[str, Any]) -> dict[str, Any]:
    """Write a change the way `Change` documents it."""
    return {name: change[name] for name in ("changed_at", "field", "old", "new", "source")}


def key_row(key: APIKey) -> dict[str, Any]:
    """Write a key the way `Key` documents it."""
    return {
        "provider": key.provider.slug,
        "override_system_key": key.override_system_key,
        "masked": key.masked,
        "updated_at": key.updated_at,
    }
