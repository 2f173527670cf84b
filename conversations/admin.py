"""Conversations in the admin, fit for tables of any size: no full counts, one query a page."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest

from conversations.models import Comparison, ComparisonResult, Conversation, Message
from models_registry.models import Provider
from perf.pages.paginator import CappedPaginator

EXCERPT = 60  # characters


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


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """A large table that staff look at: what users wrote is not edited, only deleted."""

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # they count every row
    # Ids are UUIDv7: their order is that of creation, and it is indexed.
    ordering = ("-id",)
    list_filter: ClassVar[Any] = (ProviderFilter,)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Users begin conversations."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Users wrote them."""
        return False


class ExcerptAdmin(ReadOnlyAdmin):
    """A table with a long text, `excerpt_of`, of which lists load the beginning only."""

    excerpt_of: ClassVar[str]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Have the database cut the text; a row's own page loads the whole."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(excerpt=Left(self.excerpt_of, EXCERPT))
        return rows.defer(self.excerpt_of)

    @admin.display(ordering="-pk")
    def excerpt(self, row: Any) -> str:
        """Show how the text begins."""
        return row.excerpt or "-"


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    """Finds a user's conversations."""

    list_display = ("name", "user", "provider", "model", "message_count", "created_at", "last_message_at")
    list_select_related = ("user",)
    search_fields = ("=user__username",)
    search_help_text = "A user's name, exactly."

    @admin.display(description="conversation")
    def name(self, conversation: Conversation) -> str:
        """Show the title where there is one."""
        return conversation.title or str(conversation)


@admin.register(Message)
class MessageAdmin(ExcerptAdmin):
    """Shows messages of a conversation, or the newest of all."""

    excerpt_of = "content"
    list_display = (
        "role",
        "excerpt",
        "conversation",
        "status",
        "provider",
        "model",
        "cost",
        "time",
        "ttft",
        "created_at",
    )
    list_select_related = ("conversation",)
    search_fields = ("=conversation__user__username",)
    search_help_text = "A user's name, exactly."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Leave the system prompts of their conversations out."""
        return super().get_queryset(request).defer("conversation__system")


class ResultInline(admin.TabularInline[ComparisonResult, Comparison]):
    """The answers of a comparison, in the order shown."""

    model = ComparisonResult
    ordering = ("index",)
    fields = readonly_fields = (
        "index",
        "provider",
        "model",
        "response",
        "error",
        "error_message",
        "time",
        "ttft",
        "cost",
    )
    can_delete = False
    max_num = 0


@admin.register(Comparison)
class ComparisonAdmin(ExcerptAdmin):
    """Shows which models were compared, and how the vote went."""

    excerpt_of = "prompt"
    list_display = ("excerpt", "user", "models", "blind", "vote", "created_at")
    list_select_related = ("user",)
    list_filter: ClassVar[Any] = ("blind",)
    search_fields = ("=user__username",)
    search_help_text = "A user's name, exactly."
    inlines = (ResultInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comparison]:
        """Load the results of a page in one query, without what the models wrote."""
        results = ComparisonResult.objects.defer("response", "error_message")
        comparisons = super().get_queryset(request).defer("prompt", "system", "analysis")
        return comparisons.prefetch_related(Prefetch("results", results))

    @admin.display
    def models(self, comparison: Comparison) -> str:
        """Name the models in the order shown."""
        results = sorted(comparison.results.all(), key=lambda result: result.index)
        return ", ".join(str(result) for result in results)

    @admin.display
    def vote(self, comparison: Comparison) -> str:
        """Name the preferred model."""
        if comparison.voted_at is None:
            return "-"
        preferred = [str(each) for each in comparison.results.all() if each.index == comparison.preferred_index]
        return preferred[0] if preferred else "tie"
