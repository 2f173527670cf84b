"""The queries of an archive, declared for `check_query_plans`."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID

from conversations.history.archive import reading
from conversations.history.archive.reading import Place
from conversations.models import Comparison, Conversation, Message, PromptSet, Replay
from perf.plans.declared_queries import DeclaredQuery

BY_KEY = "of 50 comparisons, by one index"
# PostgreSQL reads a table of a few dozen pages whole rather than a good part of its rows by an index.
PART = "up to 1,000 conversations of a user at a time, or 50 by their keys, which are a good part of a small table"
SMALL = {Conversation._meta.db_table: PART}


def declared_queries(user_id: int, conversation_id: UUID) -> Iterator[DeclaredQuery]:
    """Declare the batches that are read of a user, one in the middle of each list."""
    first = partial(reading.conversation_places, user_id, None)
    yield DeclaredQuery("archive, the first conversations", first, SMALL, PART)
    yield DeclaredQuery("archive, the first comparisons", lambda: reading.comparison_places(user_id, None))
    yield DeclaredQuery("archive, the first messages", lambda: reading.messages_after(conversation_id, None))
    yield DeclaredQuery("archive, the first files", lambda: reading.files_after(user_id, None))
    for model, name in ((PromptSet, "sets of prompts"), (Replay, "replays")):
        listed = model._default_manager.filter(user_id=user_id).order_by("created_at", "id").values_list("pk")
        yield DeclaredQuery(f"archive, {name}", listed.all)
    middle = slice(reading.CONVERSATIONS, reading.CONVERSATIONS * 2)
    own = Conversation.objects.for_user(user_id).order_by("created_at", "id")
    some = [Place(*row) for row in own.values_list("created_at", "id")[middle]]
    ids = [place.id for place in some]
    compared = Comparison.objects.for_user(user_id).order_by("created_at", "id")
    others = [Place(*row) for row in compared.values_list("created_at", "id")[: reading.COMPARISONS]]
    message = Message.objects.filter(conversation_id=conversation_id).order_by("created_at", "id").first()
    if message is not None:
        after = Place(message.created_at, message.pk)
        yield DeclaredQuery("archive, more messages", lambda: reading.messages_after(conversation_id, after))
    if some:
        more = partial(reading.conversation_places, user_id, some[-1])
        yield DeclaredQuery("archive, more conversations", more, SMALL, PART)
        yield DeclaredQuery("archive, conversations", lambda: reading.conversations_among(user_id, ids), SMALL)
        yield DeclaredQuery("archive, messages", lambda: reading.messages_of(ids))
    if others:
        compared_ids = [place.id for place in others]
        yield DeclaredQuery("archive, more comparisons", lambda: reading.comparison_places(user_id, others[0]))
        yield DeclaredQuery("archive, comparisons", lambda: reading.comparisons_among(user_id, compared_ids))
        yield DeclaredQuery("archive, results", lambda: reading.results_of(compared_ids), may_sort=BY_KEY)
