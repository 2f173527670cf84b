"""Serializers of the account endpoints."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from perf.api.fields import not_blank

NAME_LIMIT = 150  # characters, the column's
PASSWORD_LIMIT = 1000  # characters; hashing longer ones would be a denial of service


class StringField(serializers.CharField):
    """A JSON string; its parent would take numbers as well."""

    def to_internal_value(self, data: Any) -> str:
        """Check the type, and the length before anything that takes longer."""
        if not isinstance(data, str):
            self.fail("invalid")
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return str(super().to_internal_value(data))


def password_field() -> StringField:
    """Make a field that takes a password as it is, blanks included."""
    return StringField(max_length=PASSWORD_LIMIT, trim_whitespace=False, style={"input_type": "password"})


class Registration(serializers.Serializer[Any]):
    """A new account."""

    username = StringField(max_length=NAME_LIMIT, validators=[UnicodeUsernameValidator()])
    password = password_field()
    registration_token = StringField(required=False, max_length=500, allow_blank=True)

    def validate_username(self, username: str) -> str:
        """Refuse a taken name, ignoring case: `Ann` and `ann` would be mistaken for each other."""
        username = User.normalize_username(username)
        if len(username) > NAME_LIMIT:
            raise serializers.ValidationError(f"Ensure this field has no more than {NAME_LIMIT} characters.")
        if User.objects.filter(username__iexact=username).exists():
            raise serializers.ValidationError("A user with that username already exists.")
        return username

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Apply AUTH_PASSWORD_VALIDATORS."""
        check_password_strength(attrs["password"], User(username=attrs["username"]), field="password")
        return attrs


class Credentials(serializers.Serializer[Any]):
    """A name and its password."""

    username = StringField(max_length=NAME_LIMIT, validators=[not_blank])
    password = password_field()

    def validate_username(self, username: str) -> str:
        """Normalise the name as registration does."""
        return User.normalize_username(username)


class Refresh(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = StringField(max_length=2000, validators=[not_blank])


class Tokens(serializers.Serializer[Any]):
    """An access token for 15 minutes and a refresh token for 14 days."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class Account(serializers.Serializer[Any]):
    """An account as others may see it."""

    id = serializers.IntegerField()
    username = serializers.CharField()


class Me(Account):
    """One's own account."""

    is_staff = serializers.BooleanField()


class PasswordChange(serializers.Serializer[Any]):
    """A new password, for someone who knows the old one."""

    current_password = password_field()
    new_password = password_field()


class AccountDeletion(serializers.Serializer[Any]):
    """The password again, because nothing brings the account back."""

    password = password_field()


def check_password_strength(password: str, user: User, *, field: str) -> None:
    """Raise a ValidationError of `field` if AUTH_PASSWORD_VALIDATORS refuse the password."""
    try:
        validate_password(password, user)
    except DjangoValidationError as error:
        raise serializers.ValidationError({field: list(error.messages)}) from error
