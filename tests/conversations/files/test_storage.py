"""What is deleted when nothing shows it, and what two requests at once or a crash in between may not lose."""

import hashlib
import io
import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from conversations.files.contents import lock_files, place
from conversations.files.service import delete_file, open_file, store
from conversations.files.uses import prune_files
from conversations.models import FileUse, StoredFile
from tests.conversations.files.helpers import PNG, folder, stored_contents, upload, uploaded
from tests.helpers import closing_connection, conversation

pytestmark = pytest.mark.django_db(transaction=True)


def stored(user, content=PNG, name="a.png"):
    return store(user_id=user.pk, stream=io.BytesIO(content), name=name)


def age(file, hours):
    StoredFile.objects.filter(pk=file.pk).update(created_at=timezone.now() - timedelta(hours=hours))


def test_it_opens_what_it_stored(ann):
    with open_file(stored(ann)) as content:
        assert content.read() == PNG


def test_a_disk_that_takes_nothing(ann, api):
    """Nothing is stored of the file, and the next try is well once there is room."""
    blocked = folder() / str(ann.pk)
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_bytes(b"")  # no folder can be made here
    response = upload(api)
    assert (response.status_code, response.json()["error"], response.headers["Retry-After"]) == (
        503,
        "files_unavailable",
        "5",
    )
    assert not StoredFile.objects.exists()
    blocked.unlink()
    uploaded(api)


def test_unused_uploads_are_pruned_after_a_day(ann):
    old, new, used = stored(ann, b"old"), stored(ann, b"new"), stored(ann, b"used")
    age(old, 25)
    age(new, 23)
    age(used, 25)
    FileUse.objects.create(file=used, conversation=conversation(ann))
    call_command("prune")
    assert set(StoredFile.objects.values_list("pk", flat=True)) == {new.pk, used.pk}
    assert len(stored_contents(ann.pk)) == 2


def test_contents_without_a_row_are_pruned(ann):
    kept = stored(ann)
    for owner in (ann.pk, 999_999):
        orphan = folder() / place(owner, "0" * 64)
        orphan.parent.mkdir(parents=True)
        orphan.write_bytes(b"left by a crash")
    (folder() / "README").write_text("not ours")
    assert prune_files() == 2
    assert (stored_contents(ann.pk), stored_contents(999_999)) == ([kept.sha256], [])
    assert prune_files() == 0


def test_nothing_is_pruned_without_a_folder(db):
    assert prune_files() == 0


def test_a_rollback_leaves_the_content_in_place(ann):
    kept = stored(ann)

    with transaction.atomic():
        kept.delete()
        transaction.set_rollback(True)
    assert stored_contents(ann.pk) == [kept.sha256]


def test_uploads_and_deletions_at_once_lose_nothing(ann):
    """Whatever is left at the end has its content, and no content is left without a row."""
    contents = [b"one", b"two"]
    problems, start = [], threading.Barrier(6)

    def work(number):
        start.wait()
        for turn in range(8):
            try:
                file = stored(ann, contents[(number + turn) % 2])
                with open_file(file) as content:
                    assert content.read() == contents[(number + turn) % 2]
                if turn < 7:
                    delete_file(user_id=ann.pk, pk=file.pk)
            except Exception as error:
                problems.append(error)

    threads = [threading.Thread(target=closing_connection, args=(lambda n=n: work(n),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    left = StoredFile.objects.values_list("sha256", flat=True)
    assert len(left) == 6
    assert stored_contents(ann.pk) == sorted(set(left))


def test_a_file_that_is_being_used_is_not_deleted(ann, api, openai):
    """A message that is stored while its file is deleted keeps it, or is refused."""
    url, outcomes = "/api/v1/chat", []
    for _ in range(5):
        file = stored(ann, PNG)
        asked = {"provider": "openai", "model": "stub", "message": "What is it?", "attachments": [str(file.pk)]}
        deleting = threading.Thread(
            target=closing_connection, args=(lambda pk=file.pk: api.delete(f"/api/v1/files/{pk}"),)
        )
        deleting.start()
        outcomes.append(api.post(url, asked).status_code)
        deleting.join()
    assert set(outcomes) <= {200, 400}
    used = set(FileUse.objects.values_list("file_id", flat=True))
    assert used == set(StoredFile.objects.values_list("pk", flat=True))
    assert len(used) == outcomes.count(200)
    assert stored_contents(ann.pk) == ([hashlib.sha256(PNG).hexdigest()] if used else [])


def test_the_lock_holds_nothing_else_up(ann):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer")
    done = threading.Event()

    def insert():
        conversation(ann)
        done.set()

    with transaction.atomic():
        assert lock_files(ann.pk)
        other = threading.Thread(target=closing_connection, args=(insert,))
        other.start()
        assert done.wait(5)
    other.join()
