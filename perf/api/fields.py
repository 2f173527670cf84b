"""Serializer fields that take a value of their type and nothing that merely looks like it."""

from typing import Any
from uuid import UUID

from django.core.validators import ProhibitNullCharactersValidator, RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

not_blank = RegexValidator(r"\S", serializers.CharField.default_error_messages["blank"], code="blank")
FLAGS = {"true": True, "false": False, "True": True, "False": False, "1": True, "0": False, "": None}


class FilterField(serializers.CharField):
    """A text in a query string that narrows a list; a blank one is as good as none: validates to None."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_blank=True, **options)

    def run_validation(self, data: Any = serializers.empty) -> str | None:
        """Take blank for none."""
        return super().run_validation(data) or None


@extend_schema_field({"type": "string", "enum": list(FLAGS)})
class FilterFlag(serializers.Field[bool | None, str, Any, Any]):
    """A yes or no in a query string; an empty one is as good as none."""

    default_error_messages = {"invalid": "Must be true or false."}

    def to_internal_value(self, data: Any) -> bool | None:
        """Read the word."""
        if data not in FLAGS:
            self.fail("invalid")
        return FLAGS[data]


class TextField(serializers.CharField):
    """A string as it was sent, not blank unless told otherwise; numbers are refused rather than turned into text.

    NUL and lone surrogates are refused as the parent's validators do, of which one looks at each character in Python.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **options})
        slow = ProhibitNullCharactersValidator | ProhibitSurrogateCharactersValidator
        self.validators = [validator for validator in self.validators if not isinstance(validator, slow)]
        if not self.allow_blank:
            self.validators.append(not_blank)  # refused before already; this one is in the schema

    def to_internal_value(self, data: Any) -> str:
        """Check the type, the length before anything that takes longer, and that there is more than white space."""
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
        """Check the length if it is a list."""
        if isinstance(data, list):
            self.run_validators(data)
        return list(super().to_internal_value(data))


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
