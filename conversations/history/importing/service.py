"""Begins, cancels and takes back imports, and cleans up behind those that are gone."""

import errno
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.signals import post_delete
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError

from conversations.history.importing import storage
from conversations.history.importing.models import NAME_LENGTH
from conversations.history.importing.reading.archives import Refused
from conversations.history.importing.reading.items import recognised
from conversations.history.importing.removal import REMOVAL, Removal, take_back
from conversations.history.importing.running import KIND
from conversations.models import Import
from models_registry.providers.reading.text import clean
from perf.jobs import table
from perf.models import Job

logger = logging.getLogger("llmselect.imports")

AT_ONCE = 5  # imports of a user that have not ended, each of which keeps its file
REMOVAL_SECONDS = 8.0  # for which a request takes back, before a job goes on with it
ABANDONED = 86_400.0  # seconds after which a file that belongs to no import is deleted


class TooManyImports(APIException):
    """The user's earlier imports have not ended."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "too_many_imports"
    default_detail = f"You have {AT_ONCE} imports that have not ended; wait for one, or cancel it."


class ImportNotEnded(APIException):
    """The import is under way."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "import_not_ended"
    default_detail = "The import has not ended; cancel it first."


class ImportEnded(APIException):
    """There is nothing to cancel."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "import_ended"
    default_detail = "The import has ended."


class StorageFull(APIException):
    """The server has no room for the file."""

    status_code = status.HTTP_507_INSUFFICIENT_STORAGE
    default_code = "storage_full"
    default_detail = "The server has no room for the file; tell its operator."


def imports_of(user_id: int) -> QuerySet[Import]:
    """Return a user's imports with their jobs."""
    return Import.objects.filter(user_id=user_id, job__isnull=False).select_related("job")


def begin(*, user_id: int, read: Callable[[int], bytes], name: str, dry_run: bool) -> Import:
    """Store a file, find out what it is, and add the job that imports it.

    Raises TooManyImports, StorageFull, and ValidationError for a file that cannot be imported.
    """
    if imports_of(user_id).filter(job__due_at__isnull=False).count() >= AT_ONCE:
        raise TooManyImports
    try:
        path = storage.receive(read)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StorageFull from error
    return add(path, user_id=user_id, name=name, dry_run=dry_run, enqueue=table.enqueue)


def add(path: Path, *, user_id: int, name: str, dry_run: bool, enqueue: Callable[..., Job]) -> Import:
    """Find out what a file of our own is, which is moved, and add the job that imports it.

    Raises ValidationError for a file that cannot be imported, and what `enqueue` raises; then the file is gone, too.
    """
    record = Import(user_id=user_id, name=_shown(name), dry_run=dry_run)
    try:
        record.size = path.stat().st_size
        if record.size > settings.IMPORT_SIZE_LIMIT:
            raise Refused(f"The file is larger than {settings.IMPORT_SIZE_LIMIT:,} bytes.")  # noqa: TRY301
        record.source = recognised(path, record.name or "the file")
        storage.keep(path, record.pk)
        with transaction.atomic():
            record.job = enqueue(KIND, {"import": str(record.pk)}, owner=str(user_id))
            record.save(force_insert=True)
    except Refused as error:
        raise ValidationError({"file": [str(error)]}) from error
    except BaseException:
        storage.discard(record.pk)
        raise
    finally:
        path.unlink(missing_ok=True)
    return record


def cancel(record: Import) -> None:
    """Cancel an import; what it has brought stays. Raises ImportEnded."""
    assert record.job is not None  # noqa: S101 - `imports_of` gives no others
    if not table.cancel(record.job.pk):
        raise ImportEnded
    record.job.refresh_from_db()
    if record.job.ended:
        storage.discard(record.pk)


def remove(record: Import) -> Removal | None:
    """Take an import back; returns None if a job does the rest. Raises ImportNotEnded."""
    assert record.job is not None  # noqa: S101 - as above
    if not record.job.ended:
        raise ImportNotEnded
    pk = UUID(str(record.pk))  # which is None once the record is deleted
    removed = take_back(record, seconds=REMOVAL_SECONDS)
    if not Import.objects.filter(pk=pk).exists():
        return removed
    with transaction.atomic():
        before, record.job = record.job, table.enqueue(REMOVAL, {"import": str(record.pk)}, owner=str(record.user_id))
        record.save(update_fields=["job"])
        before.delete()
    return None


def forget(instance: Import, **_: Any) -> None:
    """Delete the job and the file of an import that is deleted; a receiver of `post_delete`."""
    pk = instance.pk  # which is None once all is done
    if instance.job_id is not None:
        Job.objects.filter(pk=instance.job_id).delete()
    transaction.on_commit(lambda: _discard(pk))


def connect() -> None:
    """Have the job and the file of an import deleted with it, also by the deletion of the account."""
    post_delete.connect(forget, sender=Import, dispatch_uid="imports")


def prune_uploads() -> int:
    """Delete files that belong to no import that goes on: uploads that broke off; returns their number."""
    if not settings.IMPORT_FOLDER.is_dir():
        return 0
    open_ids = set(Import.objects.filter(job__due_at__isnull=False).values_list("pk", flat=True))
    kept = {str(pk) for pk in open_ids}
    old = [path for path in settings.IMPORT_FOLDER.iterdir() if path.name not in kept and _is_old(path)]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _is_old(path: Path) -> bool:
    with suppress(FileNotFoundError):
        return path.is_file() and time.time() - path.stat().st_mtime > ABANDONED
    return False


def _discard(pk: UUID) -> None:
    try:
        storage.discard(pk)
    except OSError:
        logger.exception("the file of an import could not be deleted", extra={"import": str(pk)})


def _shown(name: str) -> str:
    """Return the name of a file without its folders."""
    return " ".join(clean(name)[0].replace("\\", "/").rpartition("/")[2].split())[:NAME_LENGTH]
