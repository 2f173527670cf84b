"""Which job a process takes, for how long it keeps it, and what it may change once it has lost it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from perf.jobs import table
from perf.models import Job

pytestmark = pytest.mark.django_db

KINDS = ["count"]


def enqueue(owner=None):
    return table.enqueue("count", {"until": 3}, owner=owner)


def silent(job):
    """Let the lease of a job run out."""
    Job.objects.filter(pk=job.pk).update(due_at=timezone.now() - timedelta(seconds=1))


def state(job):
    job.refresh_from_db()
    return job.state


def test_the_oldest_is_taken_first_and_once():
    first, second = enqueue(), enqueue()
    assert [table.take(KINDS), table.take(KINDS), table.take(KINDS)] == [first, second, None]
    assert state(first) == "running"


def test_others_kinds_are_left_alone():
    enqueue()
    assert table.take(["other"]) is None


def test_jobs_of_one_owner_are_taken_one_after_the_other():
    first, second, other = enqueue("ann"), enqueue("ann"), enqueue("bob")
    taken = table.take(KINDS)
    assert [taken, table.take(KINDS), table.take(KINDS)] == [first, other, None]
    table.end(taken, Job.State.DONE)
    assert table.take(KINDS) == second


def test_two_that_look_at_the_same_moment():
    """The second has read what the first takes, and another job of its owner."""
    enqueue("ann")
    enqueue("ann")
    seen = list(table.due(KINDS))
    assert len(seen) == 2
    assert [table._take(job) for job in (seen[0], seen[0], seen[1])] == [True, False, False]


def test_a_job_goes_to_another_process_once_the_first_is_silent():
    enqueue("ann")
    first = table.take(KINDS)
    assert table.take(KINDS) is None
    first.progress = {"counted": 1}
    assert table.save(first)
    silent(first)
    second = table.take(KINDS)
    assert (second, second.progress, second.attempts) == (first, {"counted": 1}, 1)
    assert [table.extend(first), table.save(first), table.end(first, "done"), table.give_back(first)] == [False] * 4
    assert (state(first), table.extend(second)) == ("running", True)


def test_a_sign_of_life_keeps_it():
    enqueue()
    job = table.take(KINDS)
    silent(job)
    assert table.extend(job)
    assert table.take(KINDS) is None


def test_a_job_that_always_ends_its_process_fails():
    job = enqueue()
    for _ in range(table.MAX_ATTEMPTS):
        silent(table.take(KINDS))
    assert table.take(KINDS) is None
    assert state(job) == "failed"
    assert (job.error, job.due_at, job.ended) == (
        "It was begun 5 times, and each time its process ended before it did.",
        None,
        True,
    )


def test_progress_counts_as_a_new_beginning():
    enqueue()
    for _ in range(2 * table.MAX_ATTEMPTS):
        job = table.take(KINDS)
        assert table.save(job)
        silent(job)
    assert table.take(KINDS).state == "running"


def test_a_job_that_is_given_back_is_not_blamed():
    enqueue()
    for _ in range(2 * table.MAX_ATTEMPTS):
        assert table.give_back(table.take(KINDS))
    assert table.give_back(table.take(KINDS), after=timedelta(minutes=1), blameless=False)
    assert table.take(KINDS) is None
    assert Job.objects.get().attempts == 1


def test_what_waits_is_cancelled_at_once_and_what_runs_is_told():
    waits, runs = enqueue(), enqueue()
    Job.objects.filter(pk=waits.pk).update(due_at=timezone.now() + timedelta(hours=1))
    taken = table.take(KINDS)
    assert taken == runs
    assert [table.cancel(waits.pk), table.cancel(runs.pk)] == [True, True]
    assert [state(waits), state(runs)] == ["cancelled", "running"]
    assert table.is_cancelling(taken)
    table.end(taken, Job.State.CANCELLED)
    assert [table.cancel(waits.pk), table.cancel(runs.pk)] == [False, False]


def test_a_look_takes_one_query_however_many_there_are(django_assert_num_queries):
    for number in (1, 99):
        for _ in range(number):
            enqueue("ann")
        table.take(KINDS)
        with django_assert_num_queries(1):
            assert table.take(KINDS) is None
