"""Storing, finding, opening and deleting files of users."""

import hashlib
import logging
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from rest_framework.exceptions import NotFound

from conversations.files import contents
from conversations.files.errors import EmptyFile, FileInUse, FileQuotaExceeded, FilesUnavailable, FileTooLarge
from conversations.files.kinds import HEAD, TextCheck, kind_of
from conversations.files.models import NAME_LENGTH, StoredFile
from models_registry.providers.reading.text import clean

logger = logging.getLogger("llmselect.files")

CHUNK = 65_536  # bytes read at once
IN_MEMORY = 1_000_000  # bytes; larger files wait on the disk for their place
NAMELESS = "file"
UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # controls, also of direction


@dataclass(frozen=True, slots=True)
class Received:
    """A content that has arrived: where it waits, its digest, its size in bytes, and what kind it is."""

    content: IO[bytes]
    sha256: str
    size: int
    media_type: str


def store(*, user_id: int, stream: IO[bytes], name: str, media_type: str = "") -> StoredFile:
    """Store a file of a user, by its content; `media_type` is what the sender takes it for.

    Not to be called while a conversation is locked. Raises EmptyFile, FileTooLarge, UnsupportedFile, FileQuotaExceeded,
    FilesUnavailable, and NotFound when the user was deleted meanwhile.
    """
    name = plain_name(name)
    with received(stream, name=name, claimed=media_type) as found, transaction.atomic():
        if not contents.lock_files(user_id):
            raise NotFound
        own = StoredFile.objects.filter(user_id=user_id)
        used = own.aggregate(used=Sum("size"))["used"] or 0
        if settings.FILES_QUOTA and used + found.size > settings.FILES_QUOTA:
            raise FileQuotaExceeded(used=used, quota=settings.FILES_QUOTA)
        known = own.filter(sha256=found.sha256).exists()
        try:
            contents.put(user_id, found.sha256, found.content, size=found.size, known=known)
        except OSError as error:
            logger.exception("a file could not be stored")
            raise FilesUnavailable from error
        return StoredFile.objects.create(
            user_id=user_id, sha256=found.sha256, size=found.size, name=name, media_type=found.media_type
        )


@contextmanager
def received(stream: IO[bytes], *, name: str, claimed: str) -> Iterator[Received]:
    """Read a stream to its end, on the disk if it is large. Raises EmptyFile, FileTooLarge, UnsupportedFile."""
    digest, text, head, size = hashlib.sha256(), TextCheck(), b"", 0
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as content:
        while piece := stream.read(CHUNK):
            size += len(piece)
            if size > settings.FILE_SIZE_LIMIT:
                raise FileTooLarge(settings.FILE_SIZE_LIMIT)
            head = head or piece[:HEAD]
            digest.update(piece)
            text.add(piece)
            content.write(piece)
        text.add(b"", final=True)
        if not size:
            raise EmptyFile
        media_type = kind_of(head, is_text=text.passed, name=name, claimed=claimed)
        yield Received(content, digest.hexdigest(), size, media_type)


def plain_name(name: str) -> str:
    """Return the last part of a path as a name that is shown and downloaded under."""
    last = re.split(r"[/\\]", clean(name)[0])[-1]
    last = UNWANTED.sub("", last).strip(" .")
    stem, dot, ending = last.rpartition(".")
    if len(last) > NAME_LENGTH and dot and len(ending) < 20:
        last = f"{stem[: NAME_LENGTH - len(ending) - 1]}.{ending}"
    return last[:NAME_LENGTH] or NAMELESS


def own_files(user_id: int) -> QuerySet[StoredFile]:
    """Return a user's files."""
    return StoredFile.objects.filter(user_id=user_id)


def own_file(user_id: int, pk: UUID) -> StoredFile:
    """Return a user's file; raises NotFound for one that is gone or somebody else's."""
    found = own_files(user_id).filter(pk=pk).first()
    if found is None:
        raise NotFound
    return found


def files_by_id(user_id: int, ids: Sequence[UUID]) -> list[StoredFile | None]:
    """Return a user's files in the order of their ids, None for one that is gone or somebody else's."""
    found = own_files(user_id).in_bulk(ids)
    return [found.get(pk) for pk in ids]


def files_by_content(user_id: int, digests: Iterable[str]) -> dict[str, StoredFile]:
    """Return a user's files by the SHA-256 of their content, one of each."""
    return {file.sha256: file for file in own_files(user_id).filter(sha256__in=list(digests)).order_by("-id")}


def open_file(file: StoredFile) -> IO[bytes]:
    """Open the content of a file; raises FileNotFoundError if the storage lost it."""
    return contents.open_content(file.user_id, file.sha256)


def delete_file(*, user_id: int, pk: UUID) -> None:
    """Delete a user's file that nothing shows. Raises NotFound and FileInUse."""
    with transaction.atomic():
        file = own_files(user_id).select_for_update().filter(pk=pk).first()
        if file is None:
            raise NotFound
        if file.uses.exists():
            raise FileInUse
        file.delete()
