"""`manage.py run_jobs`: run the jobs of the background, as `serve` does; on another machine, too."""

import os
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from perf.jobs.runner import Runner
from perf.timing import recorder

IDLE = 30.0  # seconds without a job after which a server's process ends
NICENESS = 10  # so that requests come first
PARENT_INTERVAL = 1.0  # seconds between two looks whether the server lives


class Command(BaseCommand):
    """Runs imports and other jobs, until SIGTERM; a job that is not finished goes on in the next process."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options."""
        parser.add_argument("--until-idle", action="store_true", help="end when there are no more jobs")
        parser.add_argument("--threads", type=int, help="jobs at once; JOB_THREADS by default")
        parser.add_argument("--parent", type=int, help="process id of the server that starts this; it ends with it")

    def handle(self, *_: Any, until_idle: bool, threads: int | None, parent: int | None, **__: Any) -> None:
        """Run jobs until there are none, or until a signal; a signal before that stops them where they are."""
        runner = Runner(max(1, threads or settings.JOB_THREADS))
        recorder.origin.set("background")
        if parent is not None:
            os.nice(NICENESS)
            threading.Thread(target=_end_with, args=(parent, runner), name="parent", daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: runner.stop())
        idle = 0.0 if until_idle else IDLE
        runner.run(idle=idle if until_idle or parent is not None else None)


def _end_with(parent: int, runner: Runner) -> None:
    while os.getppid() == parent and not runner.stopping.wait(PARENT_INTERVAL):
        pass
    runner.stop()
