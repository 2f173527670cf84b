"""Starts a process for jobs beside a server whenever there are jobs, and ends it with the server.

Jobs have a process of their own, with a lower priority, so that requests do not wait for the interpreter, and a job
that takes too much memory takes no request with it. The process ends when there was no job for a while.
"""

import logging
import os
import subprocess
import sys
import threading
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from perf.db.connections import unpooled
from perf.jobs import table
from perf.jobs.registry import KINDS

logger = logging.getLogger("perf.jobs")

INTERVAL = 2.0  # seconds between two looks for jobs
LONGEST_PAUSE = 60.0  # seconds between two starts of a process that ends by an error
STOP_TIME = 10.0  # seconds that the process has to end


class Launcher:
    """Looks for jobs in a thread, and starts `manage.py run_jobs` when there is one."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._pause = INTERVAL
        self._not_before = timezone.now()

    def start(self) -> None:
        """Look for jobs from now on, until `stop`."""
        threading.Thread(target=self._watch, name="jobs", daemon=True).start()

    def stop(self) -> None:
        """Tell the process to end. May be called twice, and from any thread."""
        self._stopping.set()
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()

    def wait(self) -> None:
        """Wait for the end of the process after `stop`, and kill it if it takes too long."""
        if self._process is not None:
            try:
                self._process.wait(STOP_TIME)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _watch(self) -> None:
        while not self._stopping.wait(INTERVAL):
            try:
                if self._ready() and _has_jobs():
                    self._launch()
            except (DatabaseError, InterfaceError):
                logger.warning("the database cannot be asked for jobs", exc_info=True)
            except OSError:
                logger.exception("no process for jobs can be started")

    def _ready(self) -> bool:
        """Tell whether no process runs, and it is not too soon after one that ended by an error."""
        if self._process is not None and (code := self._process.poll()) is not None:
            self._process = None
            self._pause = INTERVAL if code == 0 else min(LONGEST_PAUSE, self._pause * 2)
            self._not_before = timezone.now() + timedelta(seconds=0 if code == 0 else self._pause)
            if code:
                logger.error("the process for jobs ended by an error", extra={"code": code})
        return self._process is None and timezone.now() >= self._not_before

    def _launch(self) -> None:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_jobs", "--parent", str(os.getpid())]
        with self._lock:
            if not self._stopping.is_set():
                self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603  # ourselves


def _has_jobs() -> bool:
    # No connection stays open: the server's workers may be forked from this process at any time.
    with unpooled():
        return table.due(list(KINDS)).exists()
