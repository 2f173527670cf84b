"""Tokens in the admin: staff see whose they are and revoke them, and cannot make any."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from llmselect_project.models import ApiToken, ApiTokenQuerySet
from llmselect_project.tokens.secret import PREFIX, SHOWN
from llmselect_project.tokens.service import revoke
from perf.pages.formatting import NONE
from perf.pages.model_admin import ReadOnlyAdmin, column, when, yes
from perf.serving import audit


def _listed(values: list[str] | None) -> str:
    return "all" if values is None else ", ".join(values)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Shows who gave which token to a program. Its owner makes it through the API, and sees it once."""

    list_display = (
        "user",
        "name",
        "prefix",
        "state",
        when("last_used_at", "last used, UTC"),
        when("expires_at", "expires, UTC"),
        when("created_at", "made, UTC"),
    )
    list_select_related = ("user",)
    search_fields = ("user__username", "name", "prefix__startswith")
    search_help_text = "Part of a user's name or of a token's, or the beginning of a token that was found: llms_9fK2xQ."
    ordering = ("-id",)
    fields = readonly_fields = (
        *list_display,
        when("revoked_at", "revoked, UTC"),
        column("allowed_models", _listed, "models"),
        column("allowed_endpoints", _listed, "endpoints"),
        yes("read_only", "reads only"),
        column("rate_limit", lambda rate: rate or NONE, "rate limit"),
    )
    actions = ("revoke",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find a token also by the whole of it, of which only the beginning is known here."""
        term = search_term[:SHOWN] if search_term.startswith(PREFIX) else search_term
        return super().get_search_results(request, queryset, term)

    def title_of(self, row: Any) -> str:
        """Name the token and its user."""
        return f"{row.name} of {row.user.get_username()}"

    @admin.action(description="Revoke: refused from the next request on", permissions=["delete"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Revoke tokens, whose rows stay."""
        revoked = revoke(cast(ApiTokenQuerySet, queryset), by=_staff(request).pk)
        for row in revoked:
            self.log_change(request, row, "Revoked.")
        messages.success(request, f"Revoked {len(revoked)} token{'' if len(revoked) == 1 else 's'}.")

    def delete_model(self, request: HttpRequest, obj: ApiToken) -> None:
        """Delete a token, which ends it too, and leave a line in the audit log."""
        self.delete_queryset(request, ApiToken.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Delete tokens, which ends them too, and leave lines in the audit log."""
        deleted = list(queryset)
        queryset.delete()
        for row in deleted:
            fields = {"token_id": row.pk, "prefix": row.prefix, "user_id": row.user_id}
            audit.record("token deleted", **fields, by=_staff(request).pk)


def _staff(request: HttpRequest) -> User:
    return cast(User, request.user)
