"""Imports on a real server: uploads that are too large or slow, a process that is killed or stopped half-way."""

import json
import signal
from uuid import UUID

import psutil
import pytest
import requests
from django.utils import timezone

from conversations.history.importing import storage
from conversations.models import Conversation, Import, Message
from perf.benchmarks.processes import free_port, wait_for
from perf.jobs import table
from perf.models import Job
from tests.conversations.history.importing.samples import chatgpt
from tests.helpers import bearer, eventually
from tests.servers import serve

pytestmark = pytest.mark.django_db(transaction=True)

CHATS = 8_000


@pytest.fixture
def folder(settings, tmp_path):
    settings.IMPORT_FOLDER = tmp_path / "imports"
    return str(settings.IMPORT_FOLDER)


def history(count):
    """Write a file of so many conversations of two messages."""
    return json.dumps([chatgpt(key=str(number), at=1_600_000_000 + number) for number in range(count)]).encode()


def job_processes(server):
    """Return the processes for jobs of a server."""
    return [each for each in psutil.Process(server.pid).children() if "run_jobs" in each.cmdline()]


def test_an_import_survives_the_end_of_its_process(ann, folder):
    """It is killed twice and stopped with the server once, and no conversation is lost or there twice."""
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}/api/v1/imports", bearer()
    with serve(port, IMPORT_FOLDER=folder) as server:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        answer = requests.post(url, data=history(CHATS), headers=headers, timeout=60)
        assert answer.status_code == 202, answer.text
        pk = answer.json()["id"]
        for part in (1, 3):
            assert eventually(lambda part=part: Conversation.objects.count() >= part * 1000, seconds=60)
            for process in job_processes(server):
                process.kill()
            Job.objects.update(due_at=timezone.now())  # when its lease is over
        assert eventually(lambda: Conversation.objects.count() >= 4000, seconds=60)
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0
        assert Job.objects.get().state == "waiting"
        stopped_at = Conversation.objects.count()
        assert stopped_at < CHATS
    with serve(port, IMPORT_FOLDER=folder) as server:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        assert eventually(lambda: Job.objects.get().state == "done", seconds=120)
        shown = requests.get(f"{url}/{pk}", headers=headers, timeout=10).json()
    assert shown["conversations"] == {"read": CHATS, "added": CHATS, "known": 0, "skipped": 0, "updated": 0}
    assert shown["messages"] == {"read": 2 * CHATS, "added": 2 * CHATS, "known": 0, "skipped": 0}
    assert (Conversation.objects.count(), Message.objects.count()) == (CHATS, 2 * CHATS)
    assert not storage.path_of(UUID(pk)).exists()


def test_an_upload_is_larger_than_other_bodies_and_yet_limited(ann, folder, settings):
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}/api/v1", bearer()
    large = history(10_000)
    assert len(large) > settings.REQUEST_BODY_LIMIT
    with serve(port, IMPORT_FOLDER=folder, IMPORT_SIZE_LIMIT=str(len(large)), JOB_THREADS="0"):
        wait_for(f"http://127.0.0.1:{port}/health/live")
        assert requests.post(f"{url}/imports", data=large, headers=headers, timeout=60).status_code == 202
        chunks = iter([large[:1_000_000], large[1_000_000:]])
        assert requests.post(f"{url}/imports", data=chunks, headers=headers, timeout=60).status_code == 202
        form = {"file": ("conversations.json", large)}
        assert requests.post(f"{url}/imports", files=form, headers=headers, timeout=60).status_code == 202
        refused = requests.post(f"{url}/imports", data=large + b" " * 200_000, headers=headers, timeout=60)
        assert (refused.status_code, refused.json()["error"]) == (413, "request_too_large")
        other = requests.post(f"{url}/chat", data=large[:2_500_000], headers=headers, timeout=60)
        assert other.status_code in (413, 415)
        nobody = requests.post(f"{url}/imports", data=large, timeout=60)
        assert nobody.status_code == 401
    assert Import.objects.count() == 3
    assert sorted(path.stat().st_size for path in settings.IMPORT_FOLDER.iterdir()) == [len(large)] * 3
    assert {record.size for record in Import.objects.all()} == {len(large)}
    assert len(table.due(["import"])) == 3
