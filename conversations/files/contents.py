"""The contents of files in the storage `files`, each under its owner's id and its SHA-256.

Users share no content, so that nobody can find out whether somebody else has stored the same. Whoever writes or deletes
one holds `lock_files` of its owner.
"""

import os
from collections.abc import Iterator
from typing import IO, Any

from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

STORAGE = "files"  # in the setting STORAGES


class FolderStorage(FileSystemStorage):
    """A folder whose files are on the disk before anybody relies on them, and readable by nobody else."""

    def save(self, name: str | None, content: IO[Any], max_length: int | None = None) -> str:
        """Write a file through to the disk."""
        saved = super().save(name, content, max_length)
        descriptor = os.open(self.path(saved), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return saved


def storage() -> Storage:
    """Return the storage of the settings."""
    return storages[STORAGE]


def place(user_id: int, sha256: str) -> str:
    """Name a content in the storage; nothing that a user writes is part of it."""
    return f"{user_id}/{sha256[:2]}/{sha256}"


def lock_files(user_id: int) -> bool:
    """Wait until nobody else changes the user's contents, and hold them for this transaction; False without the user.

    Rows that refer to the user can be inserted meanwhile. A conversation must not be locked before.
    """
    return bool(User.objects.select_for_update(no_key=True).filter(pk=user_id).values_list("pk"))


def put(user_id: int, sha256: str, content: IO[bytes], *, size: int, known: bool) -> None:
    """Store a content, unless it is there; only a `known` one, which a row refers to, can be: else a try broke off."""
    files, name = storage(), place(user_id, sha256)
    if files.exists(name):
        if known and files.size(name) == size:
            return
        files.delete(name)
    content.seek(0)
    files.save(name, File(content))


def exists(user_id: int, sha256: str) -> bool:
    """Tell whether a content is there."""
    return storage().exists(place(user_id, sha256))


def open_content(user_id: int, sha256: str) -> IO[bytes]:
    """Open a content; raises FileNotFoundError for one that is gone."""
    return storage().open(place(user_id, sha256))


def delete(user_id: int, sha256: str) -> None:
    """Delete a content; one that is gone is no error."""
    storage().delete(place(user_id, sha256))


def owners() -> Iterator[int]:
    """Yield the ids of all users that have contents, or had."""
    files = storage()
    if files.exists(""):
        yield from (int(name) for name in files.listdir("")[0] if name.isdecimal())


def contents_of(user_id: int) -> Iterator[str]:
    """Yield the digests of a user's contents."""
    files = storage()
    for folder in files.listdir(str(user_id))[0]:
        yield from files.listdir(f"{user_id}/{folder}")[1]
