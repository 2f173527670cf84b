"""How large a request body may be."""

from django.conf import settings

from conversations.gateway.errors import PREFIX

FILES = "/api/v1/files"
FORM = 100_000  # bytes of a form around its file


def body_limit(path: str) -> int:
    """Return the limit in bytes for a path: the gateway's requests hold images and files, and some are files."""
    if path.startswith(PREFIX):
        return int(settings.GATEWAY_BODY_LIMIT)
    return int(settings.FILE_SIZE_LIMIT + FORM if path == FILES else settings.REQUEST_BODY_LIMIT)
