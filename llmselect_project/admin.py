"""Accounts in the admin: users, and login sessions for ending them."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from llmselect_project.accounts.sessions import delete_account
from llmselect_project.models import LoginSession, RefreshToken
from perf.pages.paginator import CappedPaginator

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
class LargeUserAdmin(UserAdmin[User]):
    """Django's own, without counting every user."""

    form = RenameForm
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

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
    fields = readonly_fields = ("id", "used_at", "expires_at")
    can_delete = False
    max_num = 0


@admin.register(LoginSession)
class LoginSessionAdmin(admin.ModelAdmin[LoginSession]):
    """Shows who is logged in since when; deleting a session logs its device out."""

    list_display = ("id", "user", "created_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("=user__username",)
    ordering = ("-id",)
    fields = readonly_fields = ("id", "user", "created_at", "expires_at")
    inlines = (RefreshTokenInline,)
    paginator = CappedPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Sessions begin by logging in."""
        return False
