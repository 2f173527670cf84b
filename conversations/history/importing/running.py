"""Carries an import out: a batch after the other, each stored with how far it came, so that a killed one goes on."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.db import IntegrityError, transaction

from conversations.history.importing import storage
from conversations.history.importing.reading.archives import Refused
from conversations.history.importing.reading.items import Item, Position, items
from conversations.history.importing.reading.parsed import Parsed, ParsedConversation
from conversations.history.importing.storing.counting import Counts
from conversations.history.importing.storing.writing import Writer
from conversations.models import Import
from perf.jobs.run import Cancelled, Failed, Run

KIND = "import"
MOST_CONVERSATIONS, MOST_MESSAGES = 500, 2_000  # of a batch, whose transaction holds SQLite's only lock
ATTEMPTS = 3  # at a batch of which another import stores a part at the same moment

Save = Callable[[Position, float], None]


class Carrier:
    """Reads a file and stores its batches. `save` is called in the transaction of each, with how far it came."""

    def __init__(self, record: Import, path: Path, save: Save) -> None:
        self.record, self.path, self._save = record, path, save
        self._waiting: list[Item] = []
        self._ids: set[tuple[type[Parsed], str, str]] = set()
        self._messages = 0

    def carry_out(self, start: Position = Position(0, 0)) -> None:  # noqa: B008 - a constant
        """Import what follows a position. Raises Refused, and what `save` raises."""
        for item in items(self.path, self.record.name or "the file", start):
            key = (type(item.parsed), item.parsed.source, item.parsed.original_id) if item.parsed else None
            if (
                (key and key in self._ids)
                or len(self._waiting) >= MOST_CONVERSATIONS
                or self._messages >= MOST_MESSAGES
            ):
                self._store()
            self._waiting.append(item)
            if key:
                self._ids.add(key)
            self._messages += len(item.parsed.messages) if isinstance(item.parsed, ParsedConversation) else 1
        self._store()

    def _store(self) -> None:
        """Store what waits; a part of it that another import stores meanwhile is known at the next attempt."""
        waiting, self._waiting, self._ids, self._messages = self._waiting, [], set(), 0
        if not waiting:
            return
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    self._store_once(waiting)
                    return
            except IntegrityError:
                if not Import.objects.filter(pk=self.record.pk).exists():
                    raise Cancelled from None  # the account was deleted
                if attempt == ATTEMPTS:
                    raise

    def _store_once(self, waiting: list[Item]) -> None:
        record = self.record
        counts = Counts(record.counts, record.problems)
        for item in waiting:
            if item.parsed is None:
                counts.add("conversations", "read")
                counts.add("conversations", "skipped")
                counts.problem(item.place, item.reason)
        writer = Writer(record, counts)
        writer.store([(item.place, item.parsed) for item in waiting if item.parsed is not None])
        changed = {"counts": counts.stored(), "problems": counts.problems}
        if not Import.objects.filter(pk=record.pk).update(**changed):
            raise Cancelled
        self._save(waiting[-1].after, waiting[-1].done)
        record.counts, record.problems = changed["counts"], changed["problems"]


def run(job: Run) -> None:
    """Run the job of an import. Raises Interrupted and Failed."""
    record = Import.objects.filter(pk=UUID(job.job.arguments["import"])).first()
    if record is None:  # the account was deleted
        return
    path = storage.path_of(record.pk)
    start = job.progress.get("position", [0, 0])
    assert isinstance(start, list)  # noqa: S101 - it is written below

    def save(after: Position, done: float) -> None:
        job.save(position=list(after), done=round(done, 4))

    try:
        Carrier(record, path, save).carry_out(Position(*start))
    except FileNotFoundError as error:
        raise Failed("The uploaded file is gone; upload it again.") from error
    except Refused as error:
        storage.discard(record.pk)
        raise Failed(str(error)) from error
    except Cancelled:
        storage.discard(record.pk)
        raise
    storage.discard(record.pk)
