"""Files for tests, and a look into the storage."""

import base64
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

# One pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 20
WEBP = b"RIFF\x1a\0\0\0WEBPVP8L" + b"\0" * 14
PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
FILES = "/api/v1/files"


def upload(api: APIClient, content: bytes = PNG, name: str = "a.png", media_type: str = "image/png") -> Any:
    """Send a file as the field of a form."""
    form = {"file": SimpleUploadedFile(name, content, media_type)}
    return api.post(FILES, form, format="multipart")


def uploaded(api: APIClient, content: bytes = PNG, name: str = "a.png", media_type: str = "image/png") -> str:
    """Send a file that is taken, and return its id."""
    response = upload(api, content, name, media_type)
    assert response.status_code == 201, response.content
    return str(response.json()["id"])


def folder() -> Path:
    return Path(settings.STORAGES["files"]["OPTIONS"]["location"])


def stored_contents(user_id: int) -> list[str]:
    """List the contents in a user's folder."""
    return sorted(path.name for path in (folder() / str(user_id)).rglob("*") if path.is_file())
