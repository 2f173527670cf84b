"""Files of users in the admin: what lies in the storage, whose it is and how large; not what is in it."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString

from conversations.admin.shared import CREATED, UserFilter, user_link
from conversations.models import StoredFile
from perf.pages.model_admin import MadeFilter, ReadOnlyAdmin, column

SIZE = column("size", filesizeformat, "size")


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    """Shows the newest files of all, and deletes some with their content."""

    list_display = ("name", "owner", "media_type", SIZE, CREATED)
    list_filter = (MadeFilter, UserFilter)
    list_select_related = ("user",)
    ordering = ("-id",)
    fields = readonly_fields = ("name", "owner", "media_type", SIZE, "sha256", "shown_in", CREATED)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredFile]:
        """Load the owners with the files."""
        return super().get_queryset(request).select_related("user")

    def title_of(self, row: StoredFile) -> str:
        """Name it as its owner does."""
        return row.name

    @admin.display(description="user")
    def owner(self, file: StoredFile) -> SafeString:
        """Link to whose file it is."""
        return user_link(file.user)

    @admin.display(description="shown in")
    def shown_in(self, file: StoredFile) -> str:
        """Count the messages and comparisons that show it."""
        count = file.uses.count()
        return f"{count:,} messages and comparisons" if count else "nothing: it is deleted after 24 hours"
