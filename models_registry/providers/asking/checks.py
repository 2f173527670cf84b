"""A system check of the addresses that the environment names."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from models_registry.providers.asking.addresses import normalised

HINT = "It looks like https://host/v1 (Anthropic's: https://host). Without it the vendor's own is called."


@register
def check_base_urls(**_: Any) -> list[CheckMessage]:
    """Every *_BASE_URL must be an address."""
    errors: list[CheckMessage] = []
    for slug, url in settings.PROVIDER_BASE_URLS.items():
        try:
            if url:
                normalised(url, slug)
        except ValueError as error:
            message = f"{slug.upper()}_BASE_URL cannot be used. {error}"
            errors.append(Error(message, hint=HINT, id="models_registry.E001"))
    return errors
