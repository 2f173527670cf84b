"""Tables for figures if there is no Redis, for invalidations that cannot reach Redis, and for background jobs."""

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


class TimingBlock(models.Model):
    """The figures of one worker in one minute or hour; `data` is an encoded `Delta`, or `Totals` if span is 0."""

    span = models.PositiveIntegerField(help_text="seconds: 60 or 3600")
    start = models.BigIntegerField(help_text="seconds since 1970")
    worker = models.CharField(max_length=100)
    data = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("span", "start", "worker"), name="unique_timing_block"),)

    def __str__(self) -> str:
        return f"{self.span} s from {self.start} by {self.worker}"


class UndeliveredInvalidation(models.Model):
    """An invalidation that a worker could not deliver to Redis: see `perf.caching.undelivered`."""

    namespace = models.CharField(max_length=50)
    owner = models.CharField(max_length=100)
    stamp = models.UUIDField(help_text="Another one whenever it was posted again.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("namespace", "owner"), name="unique_undelivered"),)

    def __str__(self) -> str:
        return f"{self.namespace} of {self.owner}"


class Job(models.Model):
    """Work in the background: see `perf.jobs`. What refers to a job deletes it.

    `due_at` is when a process may take it: at its turn, or, while it is run, once the process that runs it has been
    silent for too long. It is null once the job has ended. `lease` is another one for each time that it was taken.
    """

    class State(models.TextChoices):
        """Where a job stands; the last three are final."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=50)
    # Null runs beside any other.
    owner = models.CharField(  # noqa: DJ001
        max_length=100, null=True, help_text="Jobs of a kind with the same owner are run one after the other."
    )
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    progress = models.JSONField(default=dict, help_text="How far it has come; the next process goes on from here.")
    attempts = models.PositiveIntegerField(default=0, help_text="Starts since it last made progress.")
    cancelling = models.BooleanField(default=False)
    error = models.CharField(max_length=1000, blank=True, help_text="Why it failed, in a sentence.")
    lease = models.UUIDField(null=True, editable=False)
    due_at = models.DateTimeField(null=True, default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("due_at",), name="idx_job_due", condition=models.Q(due_at__isnull=False)),)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "owner"), name="unique_running_job", condition=models.Q(lease__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def ended(self) -> bool:
        """Whether it will not be run again."""
        return self.due_at is None
