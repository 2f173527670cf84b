"""Uploaded files until they are imported: one folder, a file for each import, named by its id."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast
from uuid import UUID, uuid4

from django.conf import settings

CHUNK = 1_048_576  # bytes


def folder() -> Path:
    """Return the folder of uploads, which is made if it is missing. Raises OSError."""
    path = Path(settings.IMPORT_FOLDER)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def path_of(pk: UUID) -> Path:
    """Return where the file of an import lies."""
    return Path(settings.IMPORT_FOLDER) / str(pk)


def keep(source: Path, pk: UUID) -> None:
    """Move a file that was received to where its import finds it. Raises OSError."""
    folder()
    shutil.move(source, path_of(pk))


def discard(pk: UUID) -> None:
    """Delete the file of an import, if it is still there. Raises OSError."""
    path_of(pk).unlink(missing_ok=True)


def receiving() -> IO[bytes]:
    """Open a file without a name for a body that arrives: in memory while it is small. Raises OSError."""
    return cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=CHUNK, dir=str(folder())))


def copy(source: Path) -> Path:
    """Return a copy of a file in the folder: another name for it where that is possible. Raises OSError."""
    path = folder() / f"upload-{uuid4()}"
    try:
        path.hardlink_to(source.resolve())
    except OSError:  # on another disk, or not allowed
        shutil.copyfile(source, path)
    return path


def receive(read: Callable[[int], bytes]) -> Path:
    """Write a stream to a new file of the folder, and return it. Raises OSError, and what `read` raises."""
    with tempfile.NamedTemporaryFile(dir=folder(), prefix="upload-", delete=False) as file:
        path = Path(file.name)
        try:
            while part := read(CHUNK):
                file.write(part)
        except BaseException:
            path.unlink()
            raise
    return path
