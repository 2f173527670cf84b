"""Serializer fields that take a value of their type and nothing that merely looks like it."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from rest_framework import serializers

from models_registry.catalogue.lookup import usable_provider
from models_registry.models import Provider


class TextField(serializers.CharField):
    """A string as it was sent, not blank unless told otherwise; numbers are refused rather than turned into text.

    NUL and lone surrogates are refused by the parent's validators.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **options})

    def to_internal_value(self, data: Any) -> str:
        """Check the type, and that there is more than white space."""
        if not isinstance(data, str):
            self.fail("invalid")
        if not self.allow_blank and not data.strip():
            self.fail("blank")
        return str(super().to_internal_value(data))


class NumberField(serializers.FloatField):
    """A JSON number; strings and booleans are refused."""

    def to_internal_value(self, data: Any) -> float:
        """Check the type."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        return float(super().to_internal_value(data))


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction; strings and booleans are refused."""

    def to_internal_value(self, data: Any) -> int:
        """Check the type."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class FlagField(serializers.BooleanField):
    """A JSON true or false; words and numbers are refused."""

    def to_internal_value(self, data: Any) -> bool:
        """Check the type."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class IdField(serializers.UUIDField):
    """A UUID as a string; its parent would take numbers as well."""

    def to_internal_value(self, data: Any) -> UUID:
        """Check the type."""
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        value = super().to_internal_value(data)
        assert isinstance(value, UUID)  # noqa: S101  # what the parent always returns
        return value


class ProviderField(serializers.SlugRelatedField[Provider]):
    """The slug of a provider that can be called; validates to its row."""

    default_error_messages = {"does_not_exist": "There is no provider with this name."}

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="slug", queryset=Provider.objects.all(), **options)

    def get_queryset(self) -> Any:
        """Look up what is usable now, not when the field was declared."""
        return Provider.objects.usable()

    def to_internal_value(self, data: Any) -> Provider:
        """Check the type before it reaches the database."""
        if not isinstance(data, str) or "\0" in data or not data.isprintable():
            self.fail("invalid")
        try:
            return usable_provider(data)
        except Provider.DoesNotExist:
            self.fail("does_not_exist")


def money(amount: Decimal | None) -> str | None:
    """Write USD as a plain decimal string, without trailing zeros; None stays None."""
    if amount is None:
        return None
    return f"{amount.normalize():f}"
