"""How large a request body may be."""

from django.conf import settings

from conversations.gateway.errors import PREFIX


def body_limit(path: str) -> int:
    """Return the limit in bytes for a path: the gateway's requests hold images and files."""
    limit: int = settings.GATEWAY_BODY_LIMIT if path.startswith(PREFIX) else settings.REQUEST_BODY_LIMIT
    return limit
