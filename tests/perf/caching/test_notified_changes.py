"""Changes that other processes are told of, or cannot be told of, and what this one then serves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as project
from django.db import connection, transaction

from tests.helpers import cache_state as state
from tests.helpers import client_for, conversation, process_environment
from tests.servers import redis_as_cache

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/conversations"


NOT_DELIVERED = "an invalidation cannot be delivered"


@pytest.fixture
def epoch_that_cannot_be_written(settings, tmp_path):
    """Cache in this process's memory, and have a folder where the file stands by which others are told."""
    memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    settings.REDIS_URL, settings.CACHES, settings.BASE_DIR = "", {"default": memory}, tmp_path
    name = project.DATABASES["default"]["NAME"] if connection.vendor == "sqlite" else tmp_path / "cache"
    epoch = Path(f"{name}-epoch")
    epoch.unlink(missing_ok=True)
    epoch.mkdir()
    yield
    epoch.rmdir()


def test_an_unwritable_epoch_fails_no_change_and_no_other_invalidation(
    epoch_that_cannot_be_written, api, ann, bob, caplog
):
    both = [api, client_for(bob)]
    assert [[state(each), state(each)] for each in both] == [["miss", "hit"]] * 2
    caplog.clear()
    with transaction.atomic():
        conversation(ann)
        conversation(bob)
    assert [state(each) for each in both] == ["miss", "miss"]
    assert [record.message for record in caplog.records] == [NOT_DELIVERED] * 2


CHANGE_WITHOUT_THREADS = """
import django
django.setup()
import threading
from django.db import transaction
from conversations.models import Conversation
rows = list(Conversation.objects.all())  # a pool of connections needs threads, and has them from here on
threading.stack_size(1 << 46)  # no machine has so much, so that no thread can start, as where there are too many
with transaction.atomic():
    for row in rows:
        row.save()
"""


def test_a_counter_that_cannot_start_its_thread_fails_no_change_either(ann, bob, settings):
    """In the process that changes rows of two users, the thread that hands counts on cannot start."""
    both = [client_for(ann), client_for(bob)]
    conversation(ann)
    conversation(bob)
    with redis_as_cache(settings) as server:
        assert [[state(each), state(each)] for each in both] == [["miss", "hit"]] * 2
        command = [sys.executable, "-c", CHANGE_WITHOUT_THREADS]
        environment = process_environment(DJANGO_SETTINGS_MODULE="llmselect_project.settings", REDIS_URL=server.url)
        run = subprocess.run(command, env=environment, cwd=project.BASE_DIR, capture_output=True, text=True, check=True)
        assert run.stderr.count(NOT_DELIVERED) == 1, run.stderr  # of one kind one line a minute is written
        assert "can't start new thread" in run.stderr
        assert [state(each) for each in both] == ["miss", "miss"]


CHANGE_ELSEWHERE = """
import django
django.setup()
from django.conf import settings
from django.db import connection
connection.close()
connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = {name!r}
from conversations.models import Conversation
Conversation.objects.update(title="changed elsewhere")
"""


def test_a_change_by_another_process_is_seen_at_the_next_read(api, ann):
    conversation(ann, title="old")
    state(api)
    assert state(api) == "hit"
    script = CHANGE_ELSEWHERE.format(name=str(project.DATABASES["default"]["NAME"]))
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "llmselect_project.settings"}
    subprocess.run([sys.executable, "-c", script], env=environment, cwd=project.BASE_DIR, check=True)
    assert [row["title"] for row in api.get(LIST).json()["results"]] == ["changed elsewhere"]
