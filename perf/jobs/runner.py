"""Runs jobs in threads of this process until it is stopped, and keeps them while it lives."""

import logging
import threading
import time
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from perf.db.connections import release
from perf.jobs import table
from perf.jobs.registry import KINDS, function
from perf.jobs.run import Cancelled, Failed, Lost, Run, Stopping
from perf.models import Job

logger = logging.getLogger("perf.jobs")

HEARTBEAT = 5.0  # seconds between two signs of life
POLL = 1.0  # seconds between two looks for a job
RETRY = timedelta(seconds=2)  # after an error of the database, twice as long after each further one
AWAY = (OperationalError, InterfaceError)  # errors after which a job is tried again
FAILURE = "An error of the server ended it; the log of the server says which."


class Runner:
    """Takes jobs and runs them, `threads` of them at once."""

    def __init__(self, threads: int = 1) -> None:
        self.stopping = threading.Event()
        self._threads = threads
        self._lock = threading.Lock()
        self._runs: set[Run] = set()
        self._busy_at = time.monotonic()  # when there last was a job

    def stop(self) -> None:
        """Begin to end: jobs stop at their next `check`, and another process goes on with them."""
        self.stopping.set()

    def run(self, *, idle: float | None = None) -> None:
        """Run jobs until `stop`, or until there was none for `idle` seconds."""
        self.keep()
        others = [threading.Thread(target=self._work, args=(idle,), name="jobs") for _ in range(self._threads - 1)]
        for thread in others:
            thread.start()
        self._work(idle)
        for thread in others:
            thread.join()

    def keep(self) -> None:
        """Give signs of life for the jobs of this process, until it ends."""
        threading.Thread(target=self._keep, name="jobs-heartbeat", daemon=True).start()

    @property
    def runs(self) -> set[Run]:
        """The jobs that are run at this moment."""
        with self._lock:
            return set(self._runs)

    def run_next(self) -> bool:
        """Take one job and run it to its end in this thread; returns False if there was none.

        Raises what the database raises when it cannot be asked for jobs.
        """
        job = table.take(list(KINDS))
        if job is None:
            return False
        self.carry_out(job)
        return True

    def carry_out(self, job: Job) -> None:
        """Run a job that this process has taken, and note how it ended."""
        run = Run(job, self.stopping)
        with self._lock:
            self._runs.add(run)
        try:
            _note_end(run)
        except AWAY:  # its lease runs out, and a process takes it again
            logger.warning("the end of a job could not be stored", extra={"job": str(job.pk)}, exc_info=True)
        finally:
            with self._lock:
                self._runs.discard(run)
                self._busy_at = time.monotonic()
            release()

    def _work(self, idle: float | None) -> None:
        try:
            while not self.stopping.is_set():
                try:
                    found = self.run_next()
                except (DatabaseError, InterfaceError):
                    logger.warning("the database cannot be asked for jobs", exc_info=True)
                    found = False
                if not found:
                    release()
                    if idle is not None and self._idle_for() > idle:
                        return
                    self.stopping.wait(POLL)
        finally:
            connection.close()

    def _idle_for(self) -> float:
        """Return for how many seconds no thread had a job."""
        with self._lock:
            return 0.0 if self._runs else time.monotonic() - self._busy_at

    def _keep(self) -> None:
        """Give a sign of life for each job, until the process ends."""
        while True:
            time.sleep(HEARTBEAT)
            try:
                for run in self.runs:
                    run.heartbeat()
            except (DatabaseError, InterfaceError):
                logger.warning("jobs could not be kept", exc_info=True)
            finally:
                release()


def _note_end(run: Run) -> None:
    """Run a job, and store how it ended."""
    job = run.job
    try:
        if job.cancelling:
            raise Cancelled  # noqa: TRY301 - as if the job had noticed itself
        function(job.kind)(run)
    except Stopping:
        table.give_back(job)
    except Cancelled:
        table.end(job, Job.State.CANCELLED)
    except Lost:
        logger.warning("a job was lost to another process", extra={"job": str(job.pk)})
    except Failed as error:
        table.end(job, Job.State.FAILED, str(error))
    except AWAY:
        logger.warning("the database fails a job, which is tried again", extra={"job": str(job.pk)}, exc_info=True)
        table.give_back(job, after=RETRY * 2**job.attempts, blameless=False)
    except Exception:
        logger.exception("a job failed", extra={"job": str(job.pk), "kind": job.kind})
        table.end(job, Job.State.FAILED, FAILURE)
    else:
        table.end(job, Job.State.DONE)


def run_all() -> int:
    """Run all jobs that are due, one after the other in this thread; returns their number."""
    runner, count = Runner(), 0
    while runner.run_next():
        count += 1
    return count
