"""How large a request body may be."""

from django.conf import settings

from conversations.gateway.errors import PREFIX

FILES, IMPORTS = "/api/v1/files", "/api/v1/imports"
FORM = 100_000  # bytes of a form around its file


def body_limit(path: str) -> int:
    """Return the limit in bytes for a path: the gateway's requests hold images and files, and some are files."""
    if path.startswith(PREFIX):
        return int(settings.GATEWAY_BODY_LIMIT)
    if path == IMPORTS:
        return int(settings.IMPORT_SIZE_LIMIT + FORM)
    return int(settings.FILE_SIZE_LIMIT + FORM if path == FILES else settings.REQUEST_BODY_LIMIT)


def is_large(path: str) -> bool:
    """Tell whether the bodies of a path are kept in a file while they arrive, and not in memory."""
    return path == IMPORTS
