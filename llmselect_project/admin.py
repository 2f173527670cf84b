"""Login sessions in the admin, for ending them."""

from django.contrib import admin
from django.http import HttpRequest

from llmselect_project.models import LoginSession
from perf.paginator import CappedPaginator

admin.site.site_header = admin.site.site_title = "LLMSelect"


@admin.register(LoginSession)
class LoginSessionAdmin(admin.ModelAdmin[LoginSession]):
    """Shows who is logged in since when; deleting a session logs its device out."""

    list_display = ("id", "user", "created_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("=user__username",)
    ordering = ("-id",)
    fields = readonly_fields = ("id", "user", "created_at", "expires_at")
    paginator = CappedPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Sessions begin by logging in."""
        return False
