"""Serializer fields that accept values of their JSON type only, without conversion."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

not_blank = RegexValidator(r"\S", serializers.CharField.default_error_messages["blank"], code="blank")
FLAGS = {"true": True, "false": False, "True": True, "False": False, "1": True, "0": False, "": None}


class FilterField(serializers.CharField):
    """A text filter in a query string; a blank one validates to None, as a missing one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_blank=True, **options)

    def run_validation(self, data: Any = serializers.empty) -> str | None:
        """Return None for a blank text."""
        return super().run_validation(data) or None


@extend_schema_field({"type": "string", "enum": list(FLAGS)})
class FilterFlag(serializers.Field[bool | None, str, Any, Any]):
    """A boolean filter in a query string; an empty one validates to None."""

    default_error_messages = {"invalid": "Must be true or false."}

    def to_internal_value(self, data: Any) -> bool | None:
        """Return the boolean; raises ValidationError for other words."""
        if data not in FLAGS:
            self.fail("invalid")
        return FLAGS[data]


class TextField(serializers.CharField):
    """A string, unchanged and by default not blank; numbers are refused.

    Like its parent it refuses NUL and lone surrogates, but faster: the parent's validator loops over characters.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **options})
        slow = ProhibitNullCharactersValidator | ProhibitSurrogateCharactersValidator
        self.validators = [validator for validator in self.validators if not isinstance(validator, slow)]
        if not self.allow_blank:
            self.validators.append(not_blank)  # for the schema: `to_internal_value` refuses it earlier

    def to_internal_value(self, data: Any) -> str:
        """Check the type, then the length, then the characters. Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        if "\0" in data:
            raise serializers.ValidationError("Null characters are not allowed.", "null_characters_not_allowed")
        try:
            data.encode()
        except UnicodeEncodeError as error:
            character = f"U+{ord(data[error.start]):X}"
            raise serializers.ValidationError(f"Surrogate characters are not allowed: {character}.") from error
        if not self.allow_blank and not data.strip():
            self.fail("blank")
        return str(super().to_internal_value(data))


class ShortListField(serializers.ListField):
    """A list whose length is checked before its items."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Check the length first."""
        if isinstance(data, list):
            self.run_validators(data)
        return list(super().to_internal_value(data))


class ItemSerializer(serializers.Serializer[Any]):
    """An object in a list of a body."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Say which fields the object has, if there is no object. Raises ValidationError."""
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(f"Must be an object with {' and '.join(self.fields)}.")
        return dict(super().to_internal_value(data))


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
    """A UUID as a string; the parent accepts numbers too."""

    def to_internal_value(self, data: Any) -> UUID:
        """Check the type."""
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        value = super().to_internal_value(data)
        assert isinstance(value, UUID)  # noqa: S101  # what the parent always returns
        return value
