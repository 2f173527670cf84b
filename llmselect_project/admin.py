"""Accounts in the admin: users, login sessions for ending them, and API tokens."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from llmselect_project.accounts.sessions import delete_account, why_over
from llmselect_project.models import LoginSession, RefreshToken
from llmselect_project.tokens import admin as tokens  # noqa: F401  # registers on import
from perf.pages.formatting import moment, quantity
from perf.pages.model_admin import MadeFilter, ReadOnlyAdmin, TableAdmin, on_off, when, yes

admin.site.unregister(User)


class RenameForm(UserChangeForm[User]):
    """Django's own, which lets two names differ in case only where the database does not."""

    def clean_username(self) -> str:
        """Refuse a name that is somebody else's in another case, as Django's form for a new user does."""
        username: str = self.cleaned_data["username"]
        if User.objects.exclude(pk=self.instance.pk).filter(username__iexact=username).exists():
            raise ValidationError("A user with that username already exists.")
        return username


@admin.register(User)
class LargeUserAdmin(TableAdmin, UserAdmin[User]):
    """Django's own, without counting every user."""

    form = RenameForm
    list_display = (
        "username",
        on_off("is_active", "state", "active", "deactivated"),
        yes("is_staff", "staff"),
        when("last_login", "last login, UTC"),
        when("date_joined", "joined, UTC"),
        "email",
        "conversations",
    )
    search_help_text = "Part of a user's name or e-mail address."
    actions = ("deactivate", "activate")

    @admin.display
    def conversations(self, user: User) -> SafeString:
        """Link to what the user said."""
        url = reverse("admin:conversations_conversation_changelist")
        return format_html('<a href="{}?user__id__exact={}">show</a>', url, user.pk)

    @admin.action(description="Deactivate: log out everywhere, keep everything", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let users neither log in nor go on; their access tokens end at once. Nobody can shut themselves out."""
        others = queryset.exclude(pk=cast(User, request.user).pk)
        if not getattr(request.user, "is_superuser", False):
            others = others.exclude(is_superuser=True)
        self._set_active(request, others.filter(is_active=True), active=False)
        if kept := queryset.count() - others.count():
            messages.warning(
                request,
                f"{kept} {'was left as it is' if kept == 1 else 'were left as they are'}: "
                "you cannot deactivate yourself, and only superusers deactivate superusers.",
            )

    @admin.action(description="Activate again", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let users log in again."""
        if not getattr(request.user, "is_superuser", False):
            queryset = queryset.exclude(is_superuser=True)
        self._set_active(request, queryset.filter(is_active=False), active=True)

    def _set_active(self, request: HttpRequest, queryset: QuerySet[User], *, active: bool) -> None:
        users = list(queryset)
        User.objects.filter(pk__in=[user.pk for user in users]).update(is_active=active)
        done = "Activated" if active else "Deactivated"
        for user in users:
            self.log_change(request, user, f"{done}.")
        messages.success(request, f"{done} {quantity(len(users), 'user')}.")

    def delete_model(self, request: HttpRequest, obj: User) -> None:  # noqa: ARG002
        """Delete as the user would."""
        delete_account(user=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:  # noqa: ARG002
        """Delete each as the user would."""
        for user in queryset:
            delete_account(user=user)


class RefreshTokenInline(admin.TabularInline[RefreshToken, LoginSession]):
    """The tokens given out for a session; their ids are of no use without the server's signature."""

    model = RefreshToken
    fields = readonly_fields = (when("used_at", "used, UTC"), when("expires_at", "expires, UTC"))
    can_delete = False
    max_num = 0


@admin.register(LoginSession)
class LoginSessionAdmin(ReadOnlyAdmin):
    """Shows who is logged in since when; deleting a session logs its device out."""

    list_display = (
        "user",
        when("created_at", "logged in, UTC"),
        when("expires_at", "ends at the latest, UTC"),
        "state",
    )
    list_select_related = ("user",)
    list_filter = (MadeFilter,)
    search_fields = ("user__username",)
    search_help_text = "Part of a user's name."
    ordering = ("-id",)
    fields = readonly_fields = (*list_display[:3], "state")
    inlines = (RefreshTokenInline,)

    def title_of(self, row: Any) -> str:
        """Name the user and the time."""
        return f"Session of {row.user.get_username()}, {moment(row.created_at)} UTC"

    @admin.display
    def state(self, session: LoginSession) -> str:
        """Say whether it can still be used."""
        return why_over(session) or "open"
