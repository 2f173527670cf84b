"""Serializers of imports."""

from typing import Any

from rest_framework import serializers

from conversations.history.importing.removal import REMOVAL
from conversations.history.importing.storing.counting import Counts
from conversations.models import Import
from perf.models import Job

STATES = ("waiting", "running", "done", "failed", "cancelled", "removing")


class Counted(serializers.Serializer[Any]):
    """Rows of a kind: what was read is what was added, known and skipped together."""

    read = serializers.IntegerField()
    added = serializers.IntegerField(help_text="New here.")
    known = serializers.IntegerField(help_text="Here already.")
    skipped = serializers.IntegerField(help_text="Left out; `reasons` and `problems` say why.")


class CountedConversations(Counted):
    """Conversations; `updated` are those of the known ones that got new messages."""

    updated = serializers.IntegerField()


class ImportProblem(serializers.Serializer[Any]):
    """Something that was skipped."""

    place = serializers.CharField(help_text="File, number in it, and title.")
    reason = serializers.CharField()


class ImportOutput(serializers.Serializer[Any]):
    """An import: how far it is, and what became of everything in the file."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")
    source = serializers.CharField(help_text="The product that wrote the file.")  # type: ignore[assignment]
    state = serializers.ChoiceField(choices=STATES)
    dry_run = serializers.BooleanField(help_text="Only counts what would come.")
    progress = serializers.FloatField(help_text="The share of the file that is done, from 0 to 1.")
    conversations = CountedConversations()
    messages = Counted()
    comparisons = Counted()
    reasons = serializers.DictField(child=serializers.IntegerField(), help_text="Why messages were skipped.")
    problems = ImportProblem(many=True, help_text="The first 100.")
    error = serializers.CharField(allow_null=True, help_text="Why it failed.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class ImportForm(serializers.Serializer[Any]):
    """A file to import, as a form."""

    file = serializers.FileField()
    dry_run = serializers.BooleanField(required=False, help_text="Only count what would come.")


class Removed(serializers.Serializer[Any]):
    """What taking an import back removed and kept."""

    conversations = serializers.IntegerField()
    messages = serializers.IntegerField()
    comparisons = serializers.IntegerField()
    kept = serializers.IntegerField(help_text="Conversations that were continued since, and stay.")


def import_row(record: Import) -> dict[str, Any]:
    """Return an import as `ImportOutput` documents it."""
    job = record.job
    assert job is not None  # noqa: S101 - imports of the API have one
    counts = Counts(record.counts).stored()
    state = "removing" if job.kind == REMOVAL and not job.ended else job.state
    return {
        "id": record.pk,
        "name": record.name,
        "size": record.size,
        "source": record.source,
        "state": state,
        "dry_run": record.dry_run,
        "progress": 1.0 if job.state == Job.State.DONE else float(job.progress.get("done", 0.0)),
        **counts,
        "problems": record.problems,
        "error": job.error or None,
        "created_at": record.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }
