"""Replays in the admin: whose they are, how far each is, what it cost, and why it ended."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from conversations.admin.shared import CREATED, UserFilter
from conversations.models import Replay
from perf.pages.formatting import NONE, usd
from perf.pages.model_admin import ReadOnlyAdmin


@admin.register(Replay)
class ReplayAdmin(ReadOnlyAdmin):
    """Shows replays, the newest first; nothing of their prompts."""

    ordering = ("-id",)  # UUIDv7: the order of creation
    sortable_by = ()
    list_display = ("id", "user", "answered_by", "state", "progress", "cost", CREATED)
    list_select_related = ("user", "job")
    list_filter = (UserFilter,)
    fields = readonly_fields = (
        *("user", "answered_by", "kind", "state", "progress", "skipped", "ended_by", "cost", "limit", "blind", CREATED),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Replay]:
        """Load the job along, and no plan."""
        return super().get_queryset(request).select_related("user", "job").defer("plan")

    @admin.display(description="models")
    def answered_by(self, record: Replay) -> str:
        """Name the models."""
        return ", ".join(record.candidates)

    @admin.display(description="prompts")
    def kind(self, record: Replay) -> str:
        """Say where the prompts come from."""
        return " ".join(record.source.get(name, "") for name in ("type", "tag")).strip()

    @admin.display
    def state(self, record: Replay) -> str:
        """Say whether it goes on."""
        return record.job.state

    @admin.display(description="done")
    def progress(self, record: Replay) -> str:
        """Say how many of how many."""
        return f"{record.done} of {record.total}"

    @admin.display(description="ended early by")
    def ended_by(self, record: Replay) -> str:
        """Say why it did not come to its end."""
        return record.stopped_message or record.job.error or NONE

    @admin.display(description="spent")
    def cost(self, record: Replay) -> str:
        """Say what it cost."""
        return usd(record.spent)

    @admin.display(description="budget")
    def limit(self, record: Replay) -> str:
        """Say what it may cost."""
        return NONE if record.budget is None else usd(record.budget)
