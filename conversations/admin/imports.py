"""Imports in the admin: whose they are, what they are, and what became of what they held."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from conversations.admin.shared import CREATED, UserFilter
from conversations.models import Import
from perf.pages.formatting import number
from perf.pages.model_admin import ReadOnlyAdmin


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    """Shows imports, the newest first; nothing of their contents."""

    ordering = ("-id",)  # UUIDv7: the order of creation
    sortable_by = ()
    list_display = ("id", "user", "source", "state", "added", "skipped", CREATED)
    list_select_related = ("user", "job")
    list_filter = (UserFilter,)
    fields = readonly_fields = ("user", "source", "size", "dry_run", "state", "error", "added", "skipped", CREATED)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        """Load the job along; not the names of files and titles, which are private."""
        return super().get_queryset(request).select_related("user", "job").defer("name", "problems")

    @admin.display
    def state(self, record: Import) -> str:
        """Say whether it goes on."""
        return record.job.state if record.job else "-"

    @admin.display
    def error(self, record: Import) -> str:
        """Say why it failed."""
        return (record.job.error if record.job else "") or "none"

    @admin.display(description="messages added")
    def added(self, record: Import) -> str:
        """Count them."""
        return number(record.counts.get("messages", {}).get("added", 0))

    @admin.display(description="conversations skipped")
    def skipped(self, record: Import) -> str:
        """Count them."""
        return number(record.counts.get("conversations", {}).get("skipped", 0))
