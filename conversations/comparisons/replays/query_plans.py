"""The queries of replays and sets, declared for `check_query_plans`, and the rows of its scratch database."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet

from conversations.comparisons.replays.planning import winners
from conversations.comparisons.replays.results import rows_of, to_vote
from conversations.comparisons.replays.service import replays_of, sets_of
from conversations.models import Comparison, ComparisonResult, PromptSet, Replay
from perf.api.pagination import KeysetPagination
from perf.models import Job
from perf.plans.declared_queries import DeclaredQuery, as_get

PAGE, REPLAYS, SETS = 20, 200, 100  # rows of a page; of the scratch database, of each user
JOBS = {Job._meta.db_table: "the jobs of one page"}
FEW = {ComparisonResult._meta.db_table: "the answers of one replay, a good part of a small table"}
VOTED = {
    Comparison._meta.db_table: "all that one voted on, when a replay begins",
    ComparisonResult._meta.db_table: "many random reads cost more than one of the whole",
}


def declared_queries(user: int, comparison: UUID) -> Iterator[DeclaredQuery]:
    """Declare the queries for a user with this comparison."""
    replay = Replay.objects.filter(user_id=user).values_list("pk", flat=True).first() or comparison
    found = PromptSet.objects.filter(user_id=user).values_list("pk", flat=True).first() or comparison
    for name, rows in (("replays", replays_of(user)), ("sets of prompts", sets_of(user))):
        first = KeysetPagination.beyond(rows, ordering="-created_at", position=None)
        yield DeclaredQuery(f"{name}, first page", partial(_page, first), JOBS)
    yield DeclaredQuery("replay", lambda: as_get(replays_of(user).defer(None).filter(pk=replay)))
    yield DeclaredQuery("set of prompts", lambda: as_get(sets_of(user).filter(pk=found)))
    sort = "the answers of one replay"
    yield DeclaredQuery("replay, its answers", lambda: rows_of(replay), FEW, may_sort=sort)
    yield DeclaredQuery("replay, what waits for a vote", lambda: to_vote(replay), FEW, may_sort=sort)
    table = Comparison.objects.filter(replay_id=replay).order_by("replay_place")
    yield DeclaredQuery("replay, its comparisons", lambda: table.all())
    newest = "the winners of a user, newest first, when a replay begins"
    yield DeclaredQuery("replay, what was voted on", lambda: winners(user), VOTED, may_sort=newest)


def fill() -> None:
    """Add replays and sets of some users; one replay has comparisons."""
    for user in User.objects.order_by("pk")[:5]:
        jobs = Job.objects.bulk_create(Job(kind="replay", state="done", due_at=None) for _ in range(REPLAYS))
        made = Replay.objects.bulk_create(Replay(user=user, job=job) for job in jobs)
        PromptSet.objects.bulk_create(PromptSet(user=user, name="a", prompts=[]) for _ in range(SETS))
        for place, pk in enumerate(Comparison.objects.for_user(user.pk).values_list("pk", flat=True)[:20]):
            Comparison.objects.filter(pk=pk).update(replay=made[0], replay_place=place)


def _page(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows[: PAGE + 1]
