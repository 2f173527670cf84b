"""What the admin's pages of conversations, messages and comparisons have in common."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.admin.markdown import rendered
from conversations.search.staff import Matches
from models_registry.models import Provider
from perf.pages.formatting import NONE, duration, number, usd
from perf.pages.model_admin import ReadOnlyAdmin, column, when

EXCERPT = 80  # characters
CREATED = when("created_at", "created, UTC")
COST = column("cost", usd, "cost")
TIME = column("time", duration, "took")
FIRST_TOKEN = column("ttft", duration, "first token after")
SEARCH_HELP = "Words of {}, or part of a user's name; user:NAME and words find them among that user's own."
FOUND_MORE = "There are more matches than are shown, which include the newest. Type another word, or more of a name."


class ProviderFilter(admin.SimpleListFilter):
    """Narrows by provider; the choices come from the registry, not from a scan of the large table."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """Offer the providers of the registry."""
        return list(Provider.objects.order_by("slug").values_list("slug", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        """Narrow to the one chosen."""
        return queryset.filter(provider=self.value()) if self.value() else queryset


class UserFilter(admin.SimpleListFilter):
    """Says whose rows are shown, and leads to all, where a link narrowed the table to one user."""

    title = "user"
    parameter_name = "user__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002
        """Offer the one that is chosen."""
        return [(str(user.pk), user.get_username())] if (user := chosen_user(request)) else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow to the user, to none for one that there is not."""
        user = chosen_user(request)
        return queryset if not self.value() else queryset.filter(user=user) if user else queryset.none()


class LargeTableAdmin(ReadOnlyAdmin):
    """A table with millions of rows: the newest first, and found by `find`, whose queries are bounded."""

    find: ClassVar[Callable[[str], Matches]]
    # Ids are UUIDv7: their order is that of creation, and it is indexed; that of most columns is not.
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("pk",)  # has the page offer a search, which `find` answers

    class Media:
        css = {"all": ["conversations/admin.css"]}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Narrow to what `find` finds, and say when that is not all."""
        typed = search_term.strip()
        if not typed:
            return queryset, False
        matches = type(self).find(typed)
        if matches.capped:
            messages.info(request, FOUND_MORE)
        return queryset.filter(pk__in=matches.ids), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Say in the title whose rows are shown."""
        context = dict(extra_context or {})
        if user := chosen_user(request):
            context["title"] = f"{str(self.opts.verbose_name_plural).capitalize()} of {user.get_username()}"
        return super().changelist_view(request, context)  # type: ignore[return-value]

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Follow the index of one user's rows where the page is narrowed to a user."""
        return ("-created_at", "-id") if "user__id__exact" in request.GET else self.ordering


class ExcerptAdmin(LargeTableAdmin):
    """A table with a long text, `excerpt_of`, of which lists load the beginning only."""

    excerpt_of: ClassVar[str]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Have the database cut the text; a row's own page loads the whole."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(excerpt=Left(self.excerpt_of, EXCERPT + 1))
        return rows.defer(self.excerpt_of)

    @admin.display(description="text")
    def excerpt(self, row: Any) -> str:
        """Show how the text begins."""
        return shortened(row.excerpt) or NONE

    def title_of(self, row: Any) -> str:
        """Name a row by how its text begins."""
        return shortened(getattr(row, self.excerpt_of)) or f"Empty {row._meta.verbose_name}"


def chosen_user(request: HttpRequest) -> User | None:
    """Return the user that a link narrowed the table to."""
    written = request.GET.get(UserFilter.parameter_name, "")
    return (
        User.objects.filter(pk=int(written)).first()
        if written.isascii() and written.isdigit() and len(written) < 10
        else None
    )


def shortened(text: str) -> str:
    """Put the beginning of a text into one line."""
    line = " ".join(text[: EXCERPT + 1].split())
    return f"{line[:EXCERPT]}\u2026" if len(text) > EXCERPT else line


def user_link(user: Any) -> SafeString:
    """Link to a user's page."""
    return format_html('<a href="{}">{}</a>', reverse("admin:auth_user_change", args=[user.pk]), user.get_username())


def answer(text: str, code: str | None, message: str | None) -> SafeString:
    """Show a text rendered, below the error that it ended with; "empty" when there is neither."""
    failed = format_html('<p class="failed">{}: {}</p>', code, message or "") if code else SafeString()
    return failed + rendered(text) if text else failed or SafeString("empty")


def tokens(row: Any) -> str:
    """Write how many tokens went to and fro; a tilde where they were guessed."""
    if row.prompt_tokens is None and row.completion_tokens is None:
        return NONE
    written = f"{number(row.prompt_tokens)} sent, {number(row.completion_tokens)} received"
    return f"{written} (estimated)" if row.estimated else written
