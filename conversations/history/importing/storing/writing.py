"""Stores parsed conversations in batches: what is new of each, and nothing twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from conversations.caches import comparisons as comparison_cache
from conversations.caches import conversations as conversation_cache
from conversations.caches import leaderboards
from conversations.history.importing.reading.formats import own
from conversations.history.importing.reading.parsed import Parsed, ParsedComparison, ParsedConversation
from conversations.history.importing.storing.counting import Counts
from conversations.history.importing.storing.identity import as_uuid, row_id
from conversations.history.importing.storing.rows import (
    OF_CONVERSATION,
    OF_MESSAGE,
    conversation_row,
    message_ids,
    message_row,
    times,
)
from conversations.models import Comparison, ComparisonResult, Conversation, Import, Imported, Message
from perf.db.bulk_writes import bulk_insert

IDS_AT_ONCE = 500  # in one query, of which SQLite takes 32,766 parameters


@dataclass(slots=True)
class Batch:
    """What a batch adds, by table."""

    conversations: list[tuple[Any, ...]] = field(default_factory=list)
    messages: list[tuple[Any, ...]] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    results: list[ComparisonResult] = field(default_factory=list)
    imported: list[Imported] = field(default_factory=list)
    grown: list[UUID] = field(default_factory=list)


class Writer:
    """Stores what an import brings; with `dry_run` it only counts. The caller opens the transaction."""

    def __init__(self, record: Import, counts: Counts) -> None:
        self.record, self.counts = record, counts

    def store(self, parsed: Sequence[tuple[str, Parsed]]) -> None:
        """Store what is new of conversations and comparisons, each with its place in the file; none comes twice.

        Raises IntegrityError if another import stored the same meanwhile, or the account is gone; then nothing of the
        batch is stored.
        """
        batch = Batch()
        chats = [(place, each) for place, each in parsed if isinstance(each, ParsedConversation)]
        self._plan_conversations(batch, chats)
        self._plan_comparisons(batch, [(place, each) for place, each in parsed if isinstance(each, ParsedComparison)])
        if self.record.dry_run:
            return
        bulk_insert(Conversation, OF_CONVERSATION, batch.conversations)
        bulk_insert(Message, OF_MESSAGE, batch.messages)
        Conversation.objects.filter(pk__in=batch.grown).recount()
        Comparison.objects.bulk_create(batch.comparisons)
        ComparisonResult.objects.bulk_create(batch.results)
        Imported.objects.bulk_create(batch.imported)
        if batch.conversations or batch.messages:
            conversation_cache.invalidate(self.record.user_id)
        if batch.comparisons:
            comparison_cache.invalidate(self.record.user_id)
            leaderboards.invalidate(self.record.user_id)

    def _plan_conversations(self, batch: Batch, parsed: Sequence[tuple[str, ParsedConversation]]) -> None:
        """Decide what is new of each conversation; in a batch none comes twice."""
        targets = self._targets(Conversation, [each for _, each in parsed])
        ids = [message_ids(pk, each.original_id, each.messages) for pk, (_, each) in zip(targets, parsed, strict=True)]
        # Locked, so that no message arrives between the look at them and the count.
        existing = _locked(targets)
        known = _known_messages(
            [pk for target, own_ids in zip(targets, ids, strict=True) if target in existing for pk in own_ids]
        )
        for target, own_ids, (place, each) in zip(targets, ids, parsed, strict=True):
            self.counts.add("conversations", "read")
            for reason, count in each.skipped.items():
                self.counts.leave_out(reason, count)
            self.counts.add("messages", "read", len(each.messages))
            if not each.messages and target not in existing:
                self.counts.add("conversations", "skipped")
                self.counts.problem(place, "It is empty: there is no message in it.")
                continue
            new = {pk: number for pk, number in own_ids.items() if pk not in known}
            self.counts.add("messages", "added", len(new))
            self.counts.add("messages", "known", len(each.messages) - len(new))
            if target in existing:
                self._grow(batch, each, target, new)
            else:
                self._begin(batch, each, target, new)

    def _begin(self, batch: Batch, parsed: ParsedConversation, target: UUID, new: Mapping[UUID, int]) -> None:
        """Add a conversation with its messages."""
        self.counts.add("conversations", "added")
        parsed = replace(parsed, messages=[parsed.messages[number] for number in new.values()])
        at = times(parsed, self.record.created_at)
        otherwise = self.record.created_at
        batch.conversations.append(conversation_row(target, self.record.user_id, parsed, at, otherwise))
        rows = zip(new, parsed.messages, at, strict=True)
        batch.messages += [message_row(pk, target, message, parsed, moment) for pk, message, moment in rows]
        batch.imported.append(self._note(parsed.original_id, len(new), conversation_id=target))

    def _grow(self, batch: Batch, parsed: ParsedConversation, target: UUID, new: Mapping[UUID, int]) -> None:
        """Add messages to a conversation that is here; its title and all else stay as they are."""
        self.counts.add("conversations", "known")
        if not new:
            return
        self.counts.add("conversations", "updated")
        at = times(parsed, self.record.created_at)
        batch.messages += [
            message_row(pk, target, parsed.messages[number], parsed, at[number]) for pk, number in new.items()
        ]
        batch.grown.append(target)
        added = [str(pk) for pk in new]
        batch.imported.append(self._note(parsed.original_id, len(new), conversation_id=target, messages=added))

    def _plan_comparisons(self, batch: Batch, parsed: Sequence[tuple[str, ParsedComparison]]) -> None:
        targets = self._targets(Comparison, [each for _, each in parsed])
        existing = set(Comparison.objects.filter(pk__in=targets).values_list("pk", flat=True))
        for target, (_, each) in zip(targets, parsed, strict=True):
            self.counts.add("comparisons", "read")
            self.counts.add("comparisons", "known" if target in existing else "added")
            if target in existing:
                continue
            fields = {**each.fields, "created_at": each.fields["created_at"] or self.record.created_at}
            batch.comparisons.append(Comparison(pk=target, user_id=self.record.user_id, **fields))
            batch.results += [
                ComparisonResult(comparison_id=target, metered=False, **result) for result in each.results
            ]
            batch.imported.append(self._note(each.original_id, 0, comparison_id=target))

    def _note(self, original_id: str, count: int, **of: Any) -> Imported:
        return Imported(by=self.record, original_id=original_id[:200], count=count, **of)

    def _targets(self, model: type[Conversation | Comparison], parsed: Sequence[Parsed]) -> list[UUID]:
        """Return the ids that rows have here; one's own rows that are still here keep theirs."""
        user = self.record.user_id
        given = {pk for each in parsed if each.source == own.NAME and (pk := as_uuid(each.original_id)) is not None}
        rows = model._default_manager.filter(user_id=user, pk__in=given) if given else model._default_manager.none()
        here = set(rows.values_list("pk", flat=True))
        kept = {str(pk) for pk in here}
        return [
            UUID(each.original_id)
            if each.source == own.NAME and each.original_id in kept
            else row_id(user, each.source, each.original_id)
            for each in parsed
        ]


def _locked(ids: Sequence[UUID]) -> set[UUID]:
    """Lock the conversations of these ids that exist, and return their ids."""
    rows = Conversation.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    return set(rows.values_list("pk", flat=True))


def _known_messages(ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these messages are stored."""
    known: set[UUID] = set()
    for start in range(0, len(ids), IDS_AT_ONCE):
        rows = Message.objects.filter(pk__in=ids[start : start + IDS_AT_ONCE])
        known |= set(rows.values_list("pk", flat=True))
    return known
