"""Which messages and comparisons show a file, and what is deleted once nothing does.

Rows go with their owners and conversations. What only they needed is deleted after the commit, by itself: after a crash
in between `prune_files` finds it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.signals import post_delete
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from conversations.files import contents
from conversations.files.models import FileUse, StoredFile
from conversations.models import Comparison, Message
from models_registry.providers.base import Part

UNUSED = timedelta(hours=24)  # for which an upload that nothing shows is kept
BATCH = 500  # rows
GONE = "A file was deleted meanwhile."


def file_ids(parts: Iterable[Part] | None) -> Iterator[UUID]:
    """Yield the ids of the files that the parts of a message show, also within what tools answered."""
    for part in parts or ():
        if "file_id" in part:
            yield UUID(part["file_id"])
        if isinstance(part.get("content"), list):
            yield from file_ids(part["content"])


def use_in_messages(user_id: int, messages: Sequence[Message]) -> None:
    """Keep the files of new messages, in the transaction that stores them. Raises ValidationError for a lost one."""
    used = [(pk, message) for message in messages for pk in file_ids(message.parts)]
    places = [(pk, {"conversation_id": row.conversation_id, "message_id": row.pk}) for pk, row in used]
    _use(user_id, places)


def use_in_comparison(comparison: Comparison) -> None:
    """Keep the files of a new comparison, in the transaction that stores it. Raises ValidationError, as above."""
    given = comparison.attachments or ()
    _use(comparison.user_id, [(UUID(each["file_id"]), {"comparison_id": comparison.pk}) for each in given])


def _use(user_id: int, used: Sequence[tuple[UUID, dict[str, Any]]]) -> None:
    if not used:
        return
    wanted = {pk for pk, _ in used}
    own = StoredFile.objects.filter(user_id=user_id, pk__in=wanted).order_by("pk")
    if len(own.select_for_update().values_list("pk")) < len(wanted):
        raise ValidationError({"attachments": GONE})
    FileUse.objects.bulk_create(FileUse(file_id=pk, **where) for pk, where in used)


def prune_files() -> int:
    """Delete what nothing shows: uploads older than `UNUSED`, and contents without a row. Returns how many."""
    old = StoredFile.objects.filter(~Exists(FileUse.objects.filter(file=OuterRef("pk"))))
    ids = list(old.filter(created_at__lt=timezone.now() - UNUSED).values_list("pk", flat=True))
    return sum(map(_delete_if_unused, ids)) + sum(map(_delete_orphans, list(contents.owners())))


def _delete_orphans(user_id: int) -> int:
    """Delete the contents of a user that no row refers to; nobody stores any meanwhile."""
    deleted = 0
    found = list(contents.contents_of(user_id))
    for start in range(0, len(found), BATCH):
        batch = found[start : start + BATCH]
        with transaction.atomic():
            contents.lock_files(user_id)
            kept = set(StoredFile.objects.filter(user_id=user_id, sha256__in=batch).values_list("sha256", flat=True))
            for sha256 in set(batch) - kept:
                contents.delete(user_id, sha256)
                deleted += 1
    return deleted


def _delete_if_unused(pk: UUID) -> bool:
    """Delete a file that nothing shows; returns whether it did."""
    with transaction.atomic():
        file = StoredFile.objects.select_for_update().filter(pk=pk).first()
        if file is None or file.uses.exists():
            return False
        file.delete()
        return True


def _delete_content(user_id: int, sha256: str) -> None:
    """Delete a content that no row refers to."""
    with transaction.atomic():
        contents.lock_files(user_id)
        if not StoredFile.objects.filter(user_id=user_id, sha256=sha256).exists():
            contents.delete(user_id, sha256)


def _use_deleted(instance: FileUse, **_: Any) -> None:
    transaction.on_commit(partial(_delete_if_unused, instance.file_id), robust=True)


def _file_deleted(instance: StoredFile, **_: Any) -> None:
    transaction.on_commit(partial(_delete_content, instance.user_id, instance.sha256), robust=True)


def connect() -> None:
    """Have files deleted once nothing shows them, whatever deletes the rows."""
    post_delete.connect(_use_deleted, FileUse, dispatch_uid="conversations.files.uses")
    post_delete.connect(_file_deleted, StoredFile, dispatch_uid="conversations.files.contents")
