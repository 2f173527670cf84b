"""Takes back what an import brought, but for what its owner has continued since."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Q

from conversations.models import Comparison, Conversation, Import, Imported, Message
from perf.jobs.run import Run

REMOVAL = "import_removal"  # the kind of the job
AT_ONCE = 100  # conversations in a transaction
NATIVE = ~Q(metered=False) | Q(metered__isnull=True)  # messages that began here


@dataclass(slots=True)
class Removal:
    """What was removed so far; `kept` are conversations that were continued."""

    conversations: int = 0
    messages: int = 0
    comparisons: int = 0
    kept: int = 0


def take_back(
    record: Import, *, seconds: float | None = None, before_each: Callable[[], None] = lambda: None
) -> Removal:
    """Take an import back, and delete it when nothing is left to do; after so many seconds the rest stays.

    Raises what `before_each` raises, between two transactions.
    """
    removed, started = Removal(), time.monotonic()
    while seconds is None or time.monotonic() - started < seconds:
        before_each()
        with transaction.atomic():
            items = list(Imported.objects.filter(by=record).order_by("-pk")[:AT_ONCE])
            if not items:
                record.delete()
                break
            _take_back(items, removed)
            Imported.objects.filter(pk__in=[item.pk for item in items]).delete()
    return removed


def _take_back(items: Sequence[Imported], removed: Removal) -> None:
    chats = [item for item in items if item.conversation_id is not None]
    ids = [item.conversation_id for item in chats if item.conversation_id is not None]
    list(Conversation.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
    own = Count("pk", filter=~NATIVE)
    native = Max("created_at", filter=NATIVE)
    rows = Message.objects.filter(conversation__in=ids).order_by().values("conversation")
    counted = rows.annotate(all=Count("pk"), own=own, native=native)
    found: dict[UUID | None, dict[str, Any]] = {row["conversation"]: dict(row) for row in counted}
    doomed: list[UUID] = []
    for item in chats:
        pk = item.conversation_id
        now = found.get(pk, {"all": 0, "own": 0, "native": None})
        if item.messages is not None:
            _take_messages_back(item, now["native"], removed)
        elif now["all"] == now["own"] <= item.count and pk is not None:
            doomed.append(pk)
            removed.messages += now["all"]
        else:
            removed.kept += 1
    removed.conversations += len(doomed)
    Conversation.objects.filter(pk__in=doomed).delete()
    compared = [item.comparison_id for item in items if item.comparison_id is not None]
    removed.comparisons += len(compared)
    Comparison.objects.filter(pk__in=compared).delete()


def _take_messages_back(item: Imported, native: object, removed: Removal) -> None:
    """Remove the messages that were added to a conversation, unless it was continued after them."""
    messages = Message.objects.filter(pk__in=item.messages or [])
    if native is not None and messages.filter(created_at__lt=native).exists():
        removed.kept += 1
        return
    removed.messages += messages.count()
    messages.delete()


def run(job: Run) -> None:
    """Run the job that takes an import back. Raises Interrupted."""
    record = Import.objects.filter(pk=UUID(job.job.arguments["import"])).first()
    if record is not None:
        take_back(record, before_each=job.check)


def as_row(removed: Removal) -> dict[str, int]:
    """Return the counts by their names."""
    return asdict(removed)
