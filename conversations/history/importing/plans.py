"""The queries of imports, declared for `check_query_plans`, and the rows of its scratch database."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet

from conversations.history.importing.removal import AT_ONCE
from conversations.history.importing.service import imports_of
from conversations.models import Conversation, Import, Imported, Message
from perf.api.pagination import KeysetPagination
from perf.models import Job
from perf.plans.declared_queries import DeclaredQuery, as_get

PAGE, IMPORTS, BROUGHT = 20, 400, 500  # rows of a page; of the scratch database, of each user and of each import


def declared_queries(user: int, conversation: UUID) -> Iterator[DeclaredQuery]:
    """Declare the queries for a user and one of the user's conversations."""
    jobs = {Job._meta.db_table: "the jobs of one page"}
    rows = KeysetPagination.beyond(imports_of(user), ordering="-created_at", position=None)
    yield DeclaredQuery("imports", partial(_page, rows), jobs)
    newest = Import.objects.order_by("-created_at").values_list("pk", flat=True).first()
    yield DeclaredQuery("import", lambda: as_get(imports_of(user).filter(pk=newest or conversation)))
    known = Conversation.objects.filter(pk__in=[conversation])
    yield DeclaredQuery("import, which conversations are here", known.all)
    yield DeclaredQuery("import, which messages are here", Message.objects.filter(pk__in=[conversation]).all)
    brought = Imported.objects.filter(by_id=newest or conversation).order_by("-pk")[:AT_ONCE]
    yield DeclaredQuery("taking an import back", brought.all, may_sort="the rows of one import")


def fill() -> None:
    """Add imports of some users, two of which brought conversations."""
    for user in User.objects.order_by("pk")[:5]:
        jobs = Job.objects.bulk_create(Job(kind="import", state="done", due_at=None) for _ in range(IMPORTS))
        made = Import.objects.bulk_create(Import(user=user, job=job) for job in jobs)
        chats = list(Conversation.objects.for_user(user.pk).values_list("pk", flat=True)[:BROUGHT])
        for record in made[-2:]:
            Imported.objects.bulk_create(Imported(by=record, conversation_id=pk, original_id=str(pk)) for pk in chats)


def _page(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows[: PAGE + 1]
