"""The serializer field of a provider's slug, and the format of money."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from models_registry.catalogue.lookup import usable_provider
from models_registry.models import Provider


class ProviderField(serializers.SlugRelatedField[Provider]):
    """The slug of a usable provider; validates to its row."""

    default_error_messages = {"does_not_exist": "There is no provider with this name."}

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
            self.fail("does_not_exist")


def money(amount: Decimal | None) -> str | None:
    """Write USD as a plain decimal string, without trailing zeros; None stays None."""
    if amount is None:
        return None
    return f"{amount.normalize():f}"
