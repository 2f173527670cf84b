"""Comparisons in the admin: which models were compared, what they answered, and how the vote went."""

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.admin import costs
from conversations.admin.markdown import rendered
from conversations.admin.shared import CREATED, FIRST_TOKEN, TIME, ExcerptAdmin, UserFilter, answer, tokens
from conversations.models import Comparison, ComparisonResult
from conversations.search.staff import NEWEST_COMPARISONS, find_comparisons
from perf.pages.formatting import NONE
from perf.pages.model_admin import MadeFilter, yes

BLIND = yes("blind", "blind")


class ResultInline(admin.StackedInline[ComparisonResult, Comparison]):
    """The answers of a comparison, in the order shown."""

    model = ComparisonResult
    ordering = ("index",)
    fields = readonly_fields = ("answered", "tokens", "cost_in_full", "priced_by", TIME, FIRST_TOKEN)
    can_delete = False
    max_num = 0
    verbose_name = "answer"
    verbose_name_plural = "answers"

    @admin.display(description="text")
    def answered(self, result: ComparisonResult) -> SafeString:
        """Show what arrived, and the error it ended with."""
        return answer(result.response, result.error, result.error_message)

    @admin.display
    def tokens(self, result: ComparisonResult) -> str:
        """Say how many tokens went to and fro."""
        return tokens(result)

    @admin.display(description="cost")
    def cost_in_full(self, result: ComparisonResult) -> str:
        """Show how it is made of tokens and prices."""
        return costs.in_full(result)

    @admin.display(description="priced by")
    def priced_by(self, result: ComparisonResult) -> str:
        """Say where the cost comes from."""
        return costs.priced_by(result)


@admin.register(Comparison)
class ComparisonAdmin(ExcerptAdmin):
    """Finds a user's comparisons."""

    excerpt_of = "prompt"
    list_display = ("excerpt", "user", "vote", "models", BLIND, CREATED)
    list_select_related = ("user",)
    list_filter = (UserFilter, MadeFilter, "blind")
    find = find_comparisons
    search_help_text = f"Part of a user's name, or of the prompts of the newest {NEWEST_COMPARISONS:,} comparisons."
    fields = readonly_fields = ("user", "asked", "system_prompt", "vote", BLIND, "judged", CREATED)
    inlines = (ResultInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comparison]:
        """Load the results of a page in one query, without what the models wrote."""
        results = ComparisonResult.objects.defer("response", "error_message")
        comparisons = super().get_queryset(request).select_related("user").defer("prompt", "system", "analysis")
        return comparisons.prefetch_related(Prefetch("results", results))

    @admin.display(description="prompt")
    def excerpt(self, row: Comparison) -> str:
        """Show how the prompt begins."""
        return super().excerpt(row)

    @admin.display
    def models(self, comparison: Comparison) -> str:
        """Name the models in the order shown."""
        results = sorted(comparison.results.all(), key=lambda result: result.index)
        return ", ".join(str(result) for result in results)

    @admin.display
    def vote(self, comparison: Comparison) -> str:
        """Name the preferred model."""
        if comparison.voted_at is None:
            return NONE
        preferred = [str(each) for each in comparison.results.all() if each.index == comparison.preferred_index]
        return preferred[0] if preferred else "both bad" if comparison.both_bad else "tie"

    @admin.display(description="prompt")
    def asked(self, comparison: Comparison) -> SafeString:
        """Show all of it."""
        return rendered(comparison.prompt)

    @admin.display(description="system prompt")
    def system_prompt(self, comparison: Comparison) -> SafeString | str:
        """Show it as it was written."""
        return format_html('<pre class="plain">{}</pre>', comparison.system) if comparison.system else "none"

    @admin.display(description="the judge's analysis")
    def judged(self, comparison: Comparison) -> SafeString | str:
        """Show what a model said of the answers."""
        return rendered(comparison.analysis) if comparison.analysis else "none"
