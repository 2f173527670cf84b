"""Serializer fields for providers and reasoning efforts, and how money is written."""

from decimal import Decimal
from typing import Any, get_args

from rest_framework import serializers

from models_registry.catalogue.lookup import usable_provider
from models_registry.models import Provider
from models_registry.providers.base import Effort

NAMED = 20  # providers in an error


class ProviderField(serializers.SlugRelatedField[Provider]):
    """The slug of a usable provider; validates to its row."""

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="slug", queryset=Provider.objects.all(), **options)

    def get_queryset(self) -> Any:
        """Return the providers usable now, not when the field was declared."""
        return Provider.objects.usable()

    def to_internal_value(self, data: Any) -> Provider:
        """Look the slug up. Raises ValidationError for an unknown slug and for text that no database stores."""
        if not isinstance(data, str) or "\0" in data or not data.isprintable():
            self.fail("invalid")
        try:
            return usable_provider(data)
        except Provider.DoesNotExist:
            raise serializers.ValidationError(no_provider(), "does_not_exist") from None


class EffortField(serializers.ChoiceField):
    """How long a model shall reason; null leaves it to the model."""

    def __init__(self, **options: Any) -> None:
        options = {"choices": get_args(Effort), "required": False, "allow_null": True, **options}
        super().__init__(**options)


def no_provider() -> str:
    """Say that a provider does not exist, and which ones do."""
    slugs = list(Provider.objects.usable().order_by("slug").values_list("slug", flat=True)[: NAMED + 1])
    names = ", ".join([*slugs[:NAMED], *(["…"] if len(slugs) > NAMED else [])])
    return f"There is no provider with this name. {f'The names are {names}.' if names else 'There is none yet.'}"


def money(amount: Decimal | None) -> str | None:
    """Write USD as a plain decimal string, without trailing zeros; None stays None."""
    if amount is None:
        return None
    return f"{amount.normalize():f}"
