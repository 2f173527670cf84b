"""How a job is run: to its end, on from where it was, or not at all."""

import threading

import pytest
from django.db import OperationalError

from perf.jobs import registry, runner, table
from perf.jobs.run import Failed, Run
from perf.jobs.runner import Runner, run_all
from perf.models import Job
from tests.helpers import closing_connection, eventually
from tests.perf.jobs.conftest import ACTS, counted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job():
    return table.enqueue("count", {"until": 4})


def at(number, act):
    """Act once, when this number is about to be stored."""
    seen = []

    def once(run):
        if run.progress.get("counted", 0) == number and not seen:
            seen.append(number)
            act(run)

    ACTS.append(once)


def raises(error):
    def act(run):
        raise error

    return act


def ended(job):
    job.refresh_from_db()
    return job.state, job.progress.get("counted"), counted(job), job.error


def test_it_is_run_to_its_end(job):
    assert run_all() == 1
    assert ended(job) == ("done", 4, [0, 1, 2, 3], "")
    assert job.started_at < job.finished_at
    assert run_all() == 0


def test_one_that_is_stopped_goes_on_where_it_was(job):
    first = Runner()
    at(2, lambda run: first.stop())
    assert first.run_next()
    assert ended(job) == ("waiting", 2, [0, 1], "")
    run_all()
    assert ended(job) == ("done", 4, [0, 1, 2, 3], "")


def test_one_that_is_cancelled_ends(job):
    def cancel(run):
        run.job._meta.model.objects.filter(pk=job.pk).update(cancelling=True)
        run.heartbeat()

    at(2, cancel)
    run_all()
    assert ended(job) == ("cancelled", 2, [0, 1], "")


def test_one_that_was_cancelled_while_nobody_ran_it_does_not_begin(job):
    table.take(["count"])
    table.cancel(job.pk)
    Job.objects.update(due_at=job.created_at)
    run_all()
    assert ended(job) == ("cancelled", None, [], "")


def test_one_that_was_taken_by_another_process_stores_nothing_more(job):
    def lose(run):
        Job.objects.filter(pk=job.pk).update(lease=job.pk)

    runs = []
    at(2, runs.append)
    ACTS.append(lambda run: lose(run) if run.progress.get("counted") == 2 else None)
    run_all()
    assert ended(job)[1:3] == (2, [0, 1])
    assert len(runs) == 1


def test_one_that_fails_says_why(job):
    at(1, raises(Failed("The file is empty.")))
    run_all()
    assert ended(job) == ("failed", 1, [0], "The file is empty.")


def test_an_error_of_ours_is_logged_and_not_shown(job, caplog):
    at(1, raises(RuntimeError("a secret")))
    run_all()
    assert ended(job) == ("failed", 1, [0], "An error of the server ended it; the log of the server says which.")
    assert "a secret" in caplog.text


def test_an_error_of_the_database_is_no_end(job, caplog):
    at(1, raises(OperationalError("gone")))
    run_all()
    assert ended(job) == ("waiting", 1, [0], "")
    assert job.attempts == 0
    Job.objects.update(due_at=job.created_at)
    run_all()
    assert ended(job) == ("done", 4, [0, 1, 2, 3], "")


def test_a_heartbeat_keeps_a_job_while_it_is_slow(job, monkeypatch):
    monkeypatch.setattr(runner, "HEARTBEAT", 0.05)
    kept, other = [], Runner()

    def slow(run):
        Job.objects.filter(pk=job.pk).update(due_at=job.created_at)
        kept.append(eventually(lambda: Job.objects.get(pk=job.pk).due_at > job.created_at))

    registry.KINDS["slow"] = "tests.perf.jobs.conftest.act"
    Job.objects.update(kind="slow")
    ACTS.append(slow)
    other.run(idle=0.0)
    del registry.KINDS["slow"]
    assert (ended(job)[0], kept) == ("done", [True])


def test_a_run_knows_that_it_was_lost(job):
    taken = table.take(["count"])
    run = Run(taken, threading.Event())
    run.heartbeat()
    assert not run.lost.is_set()
    Job.objects.filter(pk=job.pk).update(lease=job.pk)
    run.heartbeat()
    assert run.lost.is_set()


def test_several_threads_share_the_jobs():
    jobs = [table.enqueue("count", {"until": 3}, owner=str(number % 2)) for number in range(6)]
    runners = [Runner(threads=2), Runner(threads=2)]
    threads = [
        threading.Thread(target=lambda each=each: closing_connection(lambda: each.run(idle=1.5))) for each in runners
    ]
    for thread in threads:
        thread.start()
    assert eventually(lambda: not Job.objects.exclude(state="done").exists(), seconds=20)
    for each in runners:
        each.stop()
    for thread in threads:
        thread.join(10)
    assert [counted(job) for job in jobs] == [[0, 1, 2]] * 6
