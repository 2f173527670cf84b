"""What a job does, by its kind, and how it says how far it is.

Apps register their kinds in `AppConfig.ready()` by dotted paths, so that a server does not import what it does not run.
"""

import threading
from collections.abc import Callable

from django.utils.module_loading import import_string

from perf.jobs import table
from perf.models import Job

KINDS: dict[str, str] = {}  # the path of the function that runs a job, by kind


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

    def heartbeat(self) -> None:
        """Keep the job, and notice when it was cancelled or lost; called by the runner."""
        if not table.extend(self.job):
            self.lost.set()
        elif table.is_cancelling(self.job):
            self.cancelled.set()


def register(kind: str, path: str) -> None:
    """Register the dotted path of the function that runs the jobs of a kind.

    It takes a `Run`, lets Interrupted pass, and raises Failed for what the owner of the job can mend.
    """
    KINDS[kind] = path


def function(kind: str) -> Callable[[Run], object]:
    """Return the function that runs the jobs of a kind. Raises KeyError and ImportError."""
    found: Callable[[Run], object] = import_string(KINDS[kind])
    return found
