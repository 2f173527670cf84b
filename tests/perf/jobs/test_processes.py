"""Processes that are killed or stopped while they run a job, and the next one, which goes on where they were."""

import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.utils import timezone

from perf.jobs import table
from perf.models import Job
from tests.helpers import process_environment
from tests.perf.jobs.conftest import counted

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def process(*arguments):
    """Run a process for jobs, and kill it at the end."""
    command = [sys.executable, "-m", "tests.perf.jobs.counting_process", *arguments]
    with subprocess.Popen(
        command, env=process_environment(), cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
    ) as child:
        yield child
        child.kill()


def state(job):
    job.refresh_from_db()
    return job.state


def test_a_killed_process_loses_nothing_and_repeats_nothing():
    job = table.enqueue("count", {"until": 40})
    with process() as first:
        assert [first.stdout.readline() for _ in range(5)] == [f"{number}\n" for number in range(5)]
        first.kill()
    assert state(job) == "running"
    Job.objects.update(due_at=timezone.now())  # when its lease is over
    reached = job.progress["counted"]
    with process("--until-idle") as second:
        told, _ = second.communicate(timeout=60)
    assert told.split() == [str(number) for number in range(reached, 40)]
    assert (state(job), counted(job)) == ("done", list(range(40)))


def test_a_stopped_process_gives_its_job_back_at_once():
    job = table.enqueue("count", {"until": 200})
    with process() as first:
        first.stdout.readline()
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=20)
        assert first.returncode == 0
    assert (state(job), job.attempts, job.lease) == ("waiting", 0, None)
    assert 0 < job.progress["counted"] < 200


def test_two_processes_share_jobs_and_never_one_job():
    jobs = [table.enqueue("count", {"until": 5}) for _ in range(6)]
    with process("--until-idle") as first, process("--until-idle") as second:
        told = [child.communicate(timeout=60)[0].split() for child in (first, second)]
    assert [counted(job) for job in jobs] == [list(range(5))] * 6
    assert [state(job) for job in jobs] == ["done"] * 6
    assert sum(map(len, told)) == 30
