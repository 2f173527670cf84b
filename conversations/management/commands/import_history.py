"""`manage.py import_history`: imports a user's history from a file of another product, as the API does."""

import signal
import threading
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError
from rest_framework.exceptions import ValidationError
from tqdm import tqdm

from conversations.history.importing import service, storage
from conversations.models import Import
from perf.jobs import table
from perf.jobs.runner import Runner
from perf.models import Job

STEPS = 1000  # of the progress bar
INTERVAL = 0.2  # seconds between two looks at the progress
KINDS = ("conversations", "messages", "comparisons")


class Command(BaseCommand):
    """Imports an export of ChatGPT, Claude, Open WebUI, LibreChat, llm or LLMSelect; Ctrl-C cancels."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file and whose history it is."""
        parser.add_argument("file", type=Path, help="ZIP, JSON or SQLite file")
        parser.add_argument("--user", required=True, metavar="NAME", help="whose history it is")
        parser.add_argument("--dry-run", action="store_true", help="only count what would come")

    def handle(self, *_: Any, file: Path, user: str, dry_run: bool, **__: Any) -> None:
        """Import, and print what became of everything. Raises CommandError if it cannot begin, or does not end well."""
        owner = User.objects.filter(username=user).first()
        if owner is None:
            raise CommandError(f"There is no user {user!r}.")
        record = _begin(file, owner.pk, dry_run=dry_run)
        job = record.job
        assert job is not None  # noqa: S101 - it was just added
        _run(job)
        record.refresh_from_db()
        job.refresh_from_db()
        self._report(record)
        if job.state != Job.State.DONE:
            raise CommandError(job.error or f"The import was {job.state}; what it has brought stays.")

    def _report(self, record: Import) -> None:
        counts = record.counts
        for kind in KINDS:
            numbers = counts.get(kind, {})
            if numbers.get("read"):
                told = ", ".join(f"{number:,} {outcome}" for outcome, number in numbers.items() if number)
                self.stdout.write(f"{kind}: {told}")
        for reason, number in counts.get("reasons", {}).items():
            self.stdout.write(f"messages left out, {reason}: {number:,}")
        for problem in record.problems:
            self.stdout.write(f"{problem['place']}: {problem['reason']}")
        if record.dry_run:
            self.stdout.write("This was a dry run: nothing was stored.")


def _begin(file: Path, user_id: int, *, dry_run: bool) -> Import:
    try:
        copy = storage.copy(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror or error}") from error
    try:
        return service.add(copy, user_id=user_id, name=file.name, dry_run=dry_run, enqueue=table.enqueue_taken)
    except ValidationError as error:
        raise CommandError(str(error.detail["file"][0])) from error  # type: ignore[call-overload, index]
    except IntegrityError as error:
        raise CommandError("Another import of this user runs; wait for its end, or cancel it.") from error


def _run(job: Job) -> None:
    """Run the job in this process, which shows how far it is; a signal cancels it."""
    runner, ended = Runner(), threading.Event()
    before = {number: signal.signal(number, lambda *_: runner.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    bar = threading.Thread(target=_show, args=(job, ended), name="progress")
    bar.start()
    try:
        runner.keep()
        runner.carry_out(job)
    finally:
        ended.set()
        bar.join()
        for number, handler in before.items():
            signal.signal(number, handler)
    table.cancel(job.pk)  # if it was stopped; else it has ended


def _show(job: Job, ended: threading.Event) -> None:
    with tqdm(total=STEPS, disable=None, bar_format="{l_bar}{bar}| {elapsed}<{remaining}") as bar:
        while not ended.wait(INTERVAL):
            bar.update(int(float(job.progress.get("done", 0)) * STEPS) - bar.n)
