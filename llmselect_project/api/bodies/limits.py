"""How large a request body may be."""

from django.conf import settings

from conversations.gateway.errors import PREFIX

IMPORTS = "/api/v1/imports"
FORM = 100_000  # bytes of a form around its file


def body_limit(path: str) -> int:
    """Return the limit in bytes for a path: the gateway's requests hold images and files, and some are files."""
    if path == IMPORTS:
        return int(settings.IMPORT_SIZE_LIMIT + FORM)
    limit: int = settings.GATEWAY_BODY_LIMIT if path.startswith(PREFIX) else settings.REQUEST_BODY_LIMIT
    return limit


def is_large(path: str) -> bool:
    """Tell whether the bodies of a path are kept in a file while they arrive, and not in memory."""
    return path == IMPORTS
