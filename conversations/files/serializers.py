"""What the endpoints of files answer."""

from typing import Any

from rest_framework import serializers

from conversations.files.models import StoredFile


class FileOutput(serializers.Serializer[Any]):
    """A file, without its content."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")
    media_type = serializers.CharField(help_text="By the content, not by the name.")
    sha256 = serializers.CharField(help_text="Of the content, in hexadecimal.")
    created_at = serializers.DateTimeField()


FILE_FIELDS = tuple(FileOutput().get_fields())


class FileInput(serializers.Serializer[Any]):
    """A form with a file; the body may be the file itself instead, with its name as `?name=`."""

    file = serializers.FileField(help_text="A PNG, JPEG, GIF or WebP image, a PDF, or a text in UTF-8.")


def file_row(file: StoredFile) -> dict[str, Any]:
    """Write a file the way `FileOutput` documents it."""
    return {name: getattr(file, name) for name in FILE_FIELDS}
