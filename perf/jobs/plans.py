"""The query by which processes look for jobs, declared for `check_query_plans`, and jobs that have ended."""

from collections.abc import Iterator

from django.utils import timezone

from perf.jobs import table
from perf.models import Job
from perf.plans.declared_queries import DeclaredQuery

ENDED, WAITING = 3000, 20  # rows of the scratch database


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the look for jobs that are due."""
    due = table.due(["import"])[: table.CANDIDATES]
    yield DeclaredQuery("jobs that are due", due.all)


def fill() -> None:
    """Add jobs, most of which have ended."""
    now = timezone.now()
    ended = (
        Job(kind="import", owner=str(number), state=Job.State.DONE, due_at=None, finished_at=now)
        for number in range(ENDED)
    )
    Job.objects.bulk_create([*ended, *(Job(kind="import", owner=str(number)) for number in range(WAITING))])
