"""The table of jobs: adding, taking, keeping, ending them. Each change is one statement, on any database.

A process that takes a job gives it a new `lease`, and extends `due_at` while it runs the job. Every later change names
the lease, so that a process that was silent for too long, and lost its job to another, changes nothing more.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from perf.models import Job

# For which a job stays taken after its process was last heard of: half a minute by a clock that is a minute ahead.
LEASE = timedelta(seconds=90)
CANDIDATES = 10  # jobs that a process tries to take before it waits
MAX_ATTEMPTS = 5  # starts without progress, after which a job has failed

State = Job.State


def enqueue(kind: str, arguments: dict[str, Any], *, owner: str | None = None) -> Job:
    """Add a job, which a process takes once the current transaction is committed."""
    return Job.objects.create(kind=kind, arguments=arguments, owner=owner)


def enqueue_taken(kind: str, arguments: dict[str, Any], *, owner: str | None = None) -> Job:
    """Add a job that this process has taken. Raises IntegrityError if another of the same owner is run."""
    now, taken = timezone.now(), {"state": State.RUNNING, "lease": uuid4(), "attempts": 1}
    kept = {"due_at": now + LEASE, "started_at": now}
    return Job.objects.create(kind=kind, arguments=arguments, owner=owner, **taken, **kept)


def due(kinds: Collection[str]) -> QuerySet[Job]:
    """Return the jobs of these kinds that may be taken, the one that has waited longest first."""
    others = Job.objects.filter(kind=OuterRef("kind"), owner=OuterRef("owner"), lease__isnull=False)
    rows = Job.objects.filter(due_at__lte=timezone.now(), kind__in=kinds)
    return rows.filter(~Exists(others.exclude(pk=OuterRef("pk")))).order_by("due_at")


def take(kinds: Collection[str]) -> Job | None:
    """Take a job of these kinds; returns None if there is none. A job that is taken too often has failed."""
    for job in due(kinds)[:CANDIDATES]:
        if job.attempts >= MAX_ATTEMPTS:
            end(job, State.FAILED, f"It was begun {MAX_ATTEMPTS} times, and each time its process ended before it did.")
        elif _take(job):
            job.refresh_from_db()
            return job
    return None


def _take(job: Job) -> bool:
    now = timezone.now()
    # The lease tells whether another process was faster.
    rows = Job.objects.filter(pk=job.pk, lease=job.lease) if job.lease else Job.objects.filter(pk=job.pk, lease=None)
    try:
        with transaction.atomic():
            taken = rows.filter(due_at__lte=now).update(
                state=State.RUNNING,
                lease=uuid4(),
                due_at=now + LEASE,
                attempts=F("attempts") + 1,
                started_at=Coalesce("started_at", now),
            )
    except IntegrityError:  # another job of the same owner began at this moment
        return False
    return taken == 1


def extend(job: Job) -> bool:
    """Keep a job for another `LEASE`; returns False if it was lost to another process."""
    return _held(job).update(due_at=timezone.now() + LEASE) == 1


def save(job: Job) -> bool:
    """Store how far a job has come; returns False if it was lost, and the caller must undo what it did since."""
    job.attempts = 0
    return _held(job).update(progress=job.progress, attempts=0, due_at=timezone.now() + LEASE) == 1


def give_back(job: Job, *, after: timedelta = timedelta(0), blameless: bool = True) -> bool:
    """Let another process go on with a job after a while. A `blameless` job keeps the number of its attempts."""
    attempts = max(0, job.attempts - 1) if blameless else job.attempts
    due_at = timezone.now() + after
    return _held(job).update(state=State.WAITING, lease=None, due_at=due_at, attempts=attempts) == 1


def end(job: Job, state: str, error: str = "") -> bool:
    """End a job in one of the final states; returns False if it was lost to another process."""
    now, error = timezone.now(), error[:1000]
    ended = {"state": state, "lease": None, "due_at": None, "finished_at": now, "error": error}
    return _held(job).update(progress=job.progress, **ended) == 1


def cancel(pk: UUID) -> bool:
    """Cancel a job: at once if it waits, else as soon as its process notices. Returns False if it has ended before."""
    rows, now = Job.objects.filter(pk=pk, due_at__isnull=False), timezone.now()
    waiting = rows.filter(lease__isnull=True)
    if waiting.update(state=State.CANCELLED, due_at=None, finished_at=now, cancelling=True):
        return True
    return rows.update(cancelling=True) == 1


def is_cancelling(job: Job) -> bool:
    """Tell whether somebody wants a job to be cancelled."""
    return Job.objects.filter(pk=job.pk, cancelling=True).exists()


def _held(job: Job) -> QuerySet[Job]:
    rows = Job.objects.filter(pk=job.pk, due_at__isnull=False)
    return rows.filter(lease__isnull=True) if job.lease is None else rows.filter(lease=job.lease)
