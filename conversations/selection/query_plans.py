"""The queries of the choice of models, declared for `check_query_plans`."""

from collections.abc import Iterator
from uuid import UUID

from conversations.models import Comparison, ComparisonResult
from conversations.selection import queries
from conversations.selection.models import SelectionSettings
from perf.plans.declared_queries import DeclaredQuery

VOTED = {Comparison._meta.db_table: "all that one voted on, kept in memory until the next vote"}
RESULTS = {ComparisonResult._meta.db_table: "the results of 200 comparisons, once in five minutes"}


def declared_queries(user_id: int, conversation: UUID) -> Iterator[DeclaredQuery]:
    """Declare the queries of a choice for a user with this conversation."""
    compared = list(queries.newest_comparisons(user_id)) or [conversation]
    own = SelectionSettings.objects.filter(pk=user_id)
    yield DeclaredQuery("choice, the settings", lambda: own)
    yield DeclaredQuery(
        "choice, the prompts voted on", lambda: queries.voted_prompts(user_id)[: queries.PROMPTS], VOTED
    )
    yield DeclaredQuery("choice, the newest conversations", lambda: queries.newest_conversations(user_id))
    yield DeclaredQuery("choice, answers in them", lambda: queries.answers_in([conversation]))
    yield DeclaredQuery("choice, the newest comparisons", lambda: queries.newest_comparisons(user_id))
    yield DeclaredQuery("choice, their results", lambda: queries.results_of(compared), RESULTS)
