"""A job while it is run: how it says how far it is, and learns that it must end."""

import threading

from perf.jobs import table
from perf.models import Job


class Interrupted(Exception):
    """A job must end now; `Run.check` and `Run.save` raise one of the kinds below, for the runner to catch."""


class Stopping(Interrupted):
    """The process ends; another one goes on with the job."""


class Cancelled(Interrupted):
    """Somebody has cancelled the job."""


class Lost(Interrupted):
    """Another process has taken the job, since this one was silent for too long."""


class Failed(Exception):
    """A job fails, for a reason that its owner may read."""


class Run:
    """A job while it is run: what it shall do, and how far it has come.

    A job goes on where `progress` says. It calls `save` in the transaction that stores its work, so that each piece of
    the work is done once, however often its process is killed.
    """

    def __init__(self, job: Job, stopping: threading.Event) -> None:
        self.job = job
        self.cancelled, self.lost = threading.Event(), threading.Event()
        self._stopping = stopping

    @property
    def progress(self) -> dict[str, object]:
        """How far it has come: JSON of the job's own choice, empty at first."""
        progress: dict[str, object] = self.job.progress
        return progress

    def check(self) -> None:
        """Raise Interrupted if the job must end: it costs nothing, and belongs into each loop that lasts."""
        if self.lost.is_set():
            raise Lost
        if self.cancelled.is_set():
            raise Cancelled
        if self._stopping.is_set():
            raise Stopping

    def save(self, **progress: object) -> None:
        """Store how far it has come. Raises Interrupted, and then the transaction around it must be rolled back."""
        self.check()
        self.job.progress = progress
        if not table.save(self.job):
            raise Lost

    def confirm(self) -> None:
        """Raise Lost unless this process still has the job: in the transaction that stores what was begun before.

        It asks neither for a cancellation nor for the end of the process, so that what is complete is kept.
        """
        if self.lost.is_set() or not table.save(self.job):
            raise Lost

    def heartbeat(self) -> None:
        """Keep the job, and notice when it was cancelled or lost; called by the runner."""
        if not table.extend(self.job):
            self.lost.set()
        elif table.is_cancelling(self.job):
            self.cancelled.set()
