"""The queries of conversations, declared for `check_query_plans`, and the rows of its scratch database."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db.models import Count, QuerySet
from django.utils import timezone

from conversations.benchmarks.demo.seed import Amount, seed
from conversations.comparisons.leaderboard import leaderboard
from conversations.comparisons.replays import query_plans as replays
from conversations.files import service as files
from conversations.files.models import FileUse, StoredFile
from conversations.history.archive.plans import declared_queries as archive
from conversations.history.importing import plans
from conversations.history.queries import (
    CONVERSATION_ORDERINGS,
    EXACT_FILTERS,
    MOVING,
    NEWEST_FIRST,
    comparisons,
    conversation_detail,
    conversation_list,
    conversation_rows,
    history,
    kept_answer,
    kept_under,
    message_batches,
    message_rows,
    messages,
    messages_after,
    messages_before,
    newest_messages,
    own_message,
    question,
    repeatable_request,
    turns_until,
)
from conversations.history.retention import declared_queries as retention
from conversations.history.sharing import service as sharing
from conversations.models import Comparison, ComparisonResult, Conversation, Message, RepeatableRequest, Share
from conversations.search import queries as search
from conversations.search.tokens import tokenize
from conversations.selection import query_plans as selection
from perf.api.pagination import KeysetPagination
from perf.plans.declared_queries import DeclaredQuery, as_get

PAGE, DEPTH = 20, 1000  # rows of a page, and of the list, in whose middle the checked pages begin
SINCE = datetime(2026, 1, 1, tzinfo=UTC)

# The leaderboard is an aggregate: it reads all answers of voted comparisons, in the order of the comparisons.
AGGREGATE = "an aggregate over all of one's votes, cached"
ALL_ANSWERS = {ComparisonResult._meta.db_table: f"{AGGREGATE}; many random reads cost more than one of the whole"}


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the queries of conversations as they run for the busiest user."""
    sample = _sample()
    user, pk = sample.user_id, sample.pk
    for names in ((), ("provider",), ("model",), EXACT_FILTERS):
        rows = conversation_rows(conversation_list(user, {name: getattr(sample, name) for name in names}))
        for ordering in CONVERSATION_ORDERINGS:
            yield from _pages(f"conversations{' by ' if names else ''}{' and '.join(names)}", rows, ordering)
    own = Conversation.objects.for_user(user).filter(pk=pk)
    yield DeclaredQuery("conversation", lambda: conversation_detail(user, pk))
    yield DeclaredQuery("gateway, the conversation that a history continues", lambda: kept_under(user, ["a", "b"]))
    yield DeclaredQuery("gateway, the answer that a request goes on from", lambda: kept_answer(user, pk))
    yield DeclaredQuery("gateway, the turns up to an answer", lambda: turns_until(pk, SINCE))
    running = Conversation.objects.filter(running__isnull=False).values_list("pk", "running", "running_at")
    few = {Conversation._meta.db_table: "the whole of an index that holds running answers alone"}
    yield DeclaredQuery("conversations with a running answer", lambda: running.all(), may_scan=few)
    yield DeclaredQuery("conversation, its newest messages", lambda: newest_messages(pk))
    yield DeclaredQuery("conversation, whole", lambda: as_get(own))
    yield DeclaredQuery("messages, whether the conversation is one's own", own.exists)
    yield from _pages("messages", message_rows(messages(pk)), NEWEST_FIRST)
    yield DeclaredQuery("export, batches of messages", lambda: list(message_batches(pk)))
    yield DeclaredQuery("chat, the history", lambda: history(pk))
    yield DeclaredQuery("chat, the history of a repeated request", lambda: history(pk, SINCE))
    yield DeclaredQuery("chat, the message of a repeated request", lambda: question(pk, SINCE).values_list("pk"))
    yield DeclaredQuery("message, whether it is one's own", lambda: as_get(own_message(user, pk)))
    asked = {"role": Message.Role.USER}
    yield DeclaredQuery("retry, the answers", lambda: messages_after(pk, SINCE))
    yield DeclaredQuery("retry, the next question", lambda: messages_after(pk, SINCE).filter(**asked)[:1])
    before = messages_before(pk, SINCE, pk).filter(**asked).order_by("-created_at", "-id")
    yield DeclaredQuery("retry, the question of an answer", lambda: before[:1])
    yield DeclaredQuery("chat or compare, the Idempotency-Key", lambda: list(repeatable_request(user, "chat", "-")[:1]))
    yield DeclaredQuery(
        "chat, the answer of a repeated request", lambda: as_get(message_rows(messages(pk)).filter(pk=pk))
    )
    yield from _pages("comparisons", comparisons(user), NEWEST_FIRST)
    latest = Comparison.objects.for_user(user).order_by(NEWEST_FIRST).first()
    yield DeclaredQuery("comparison", lambda: as_get(comparisons(user).filter(pk=latest.pk if latest else pk)))
    yield from plans.declared_queries(user, pk)
    yield from replays.declared_queries(user, latest.pk if latest else pk)
    yield from selection.declared_queries(user, pk)
    yield from _files(user, pk)
    yield from _search(sample)
    yield from archive(user, pk)
    yield from _shares(user, pk)
    yield from retention()
    yield DeclaredQuery("leaderboard", lambda: leaderboard(user_id=user), ALL_ANSWERS, AGGREGATE)
    yield DeclaredQuery("leaderboard, since", lambda: leaderboard(user_id=user, since=SINCE), ALL_ANSWERS, AGGREGATE)


def _shares(user: int, conversation: UUID) -> Iterator[DeclaredQuery]:
    """Declare what lists and links of shares read."""
    yield from _pages("shares", sharing.shares_of(user), NEWEST_FIRST)
    few = {Share._meta.db_table: "at most 200 links of a user, who has most of them in a small table"}
    yield DeclaredQuery("shares, how many", sharing.shares_of(user).count, may_scan=few)
    share = Share.objects.filter(user_id=user).first()
    yield DeclaredQuery("share, what a link is to", lambda: sharing.usable(share.pk if share else conversation)[:1])
    yield DeclaredQuery("share, the messages shown", lambda: sharing.first_messages(conversation))


def _pages(name: str, rows: QuerySet[Any, Any], ordering: str) -> Iterator[DeclaredQuery]:
    """Declare the first page, and the pages after and before a row, as the paginator reads them."""

    def page(position: Any = None) -> Callable[[], QuerySet[Any]]:
        return lambda: KeysetPagination.beyond(rows, ordering=ordering, position=position)[: PAGE + 1]

    yield DeclaredQuery(f"{name}, {ordering}, first page", page())
    some = list(rows.order_by(ordering)[:DEPTH])
    for row in some[len(some) // 2 :][:1]:
        after = KeysetPagination.position_at("next", row, ordering=ordering)
        before = KeysetPagination.position_at("previous", row, ordering=ordering, moving=ordering in MOVING)
        yield DeclaredQuery(f"{name}, {ordering}, next page", page(after))
        yield DeclaredQuery(f"{name}, {ordering}, previous page", page(before))


def _files(user: int, conversation: UUID) -> Iterator[DeclaredQuery]:
    """Declare the queries of files, and of what shows them."""
    own = files.own_files(user)
    yield from _pages("files", own, NEWEST_FIRST)
    newest = own.order_by(NEWEST_FIRST).values_list("pk", flat=True)
    pk = next(iter(newest[:1]), conversation)
    yield DeclaredQuery("file", lambda: as_get(own.filter(pk=pk)))
    yield DeclaredQuery("files of a message", lambda: own.filter(pk__in=[pk]))
    yield DeclaredQuery("files, those with a content", lambda: own.filter(sha256="0" * 64).values_list("pk"))
    yield DeclaredQuery("file, what shows it", FileUse.objects.filter(file=pk).exists)
    yield DeclaredQuery("conversation, the files it shows", lambda: FileUse.objects.filter(conversation=conversation))


def _search(sample: Conversation) -> Iterator[DeclaredQuery]:
    """Declare the queries of a search: the scan of the list, the text index, the texts of snippets."""
    tokens, user = tokenize("the sea"), sample.user_id
    phrases = tokenize('"the sea" 数据库 🚀')
    rows = conversation_rows(conversation_list(user, {}))
    for ordering in CONVERSATION_ORDERINGS:
        listed = KeysetPagination.beyond(rows, ordering=ordering, position=None)
        found = set(listed.values_list("pk", flat=True)[:PAGE]) or {sample.pk}
        yield DeclaredQuery(f"search, walking, {ordering}", partial(_page, search.scan(listed, tokens)))
        candidates = partial(_page, search.among(listed, found))
        yield DeclaredQuery(f"search, candidates, {ordering}", candidates, may_sort="at most 1,000 candidates")
        phrased = partial(_page, search.scan(listed, phrases))
        yield DeclaredQuery(f"search, walking for a phrase and a run, {ordering}", phrased)
    yield DeclaredQuery("search, the text index", lambda: search.candidates(user, tokens))
    yield DeclaredQuery("search, the text index for a phrase and a run", lambda: search.candidates(user, phrases))
    yield DeclaredQuery("search, the texts shown", lambda: search.newest_texts([sample.pk], phrases))


def _page(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return rows[: PAGE + 1]


def _sample() -> Conversation:
    """Return the longest conversation of the user with the most; an unsaved one in an empty database."""
    counted = Conversation.objects.values("user_id").annotate(count=Count("pk"))
    for busiest in counted.order_by("-count")[:1]:
        return Conversation.objects.for_user(busiest["user_id"]).order_by("-message_count")[0]
    return Conversation(user_id=0, provider="-", model="-")


def fill() -> None:
    """Insert enough rows for a planner to prefer indexes: a user with many conversations, and a long conversation."""
    seed(Amount(users=1, conversations=1, messages=120, comparisons=0))
    seed(Amount(users=60, conversations=50, messages=4, comparisons=20, heavy_user=1500))
    plans.fill()
    replays.fill()
    attempt = uuid4()
    end = timezone.now() + timedelta(days=30)
    Share.objects.bulk_create(
        Share(user_id=user, conversation_id=pk, follow=True, expires_at=end)
        for pk, user in Conversation.objects.values_list("pk", "user_id")[:2000]
    )
    stored = StoredFile.objects.bulk_create(
        StoredFile(user=user, sha256=f"{number:064x}", size=1, name="x", media_type="text/plain")
        for user in User.objects.all()
        for number in range(50)
    )
    FileUse.objects.bulk_create(
        FileUse(file=file, conversation=row, message_id=uuid4())
        for file, row in zip(stored, Conversation.objects.all()[:3_000], strict=False)
    )
    RepeatableRequest.objects.bulk_create(
        RepeatableRequest(user=user, operation="chat", key=str(number), digest="-", attempt=attempt)
        for user in User.objects.all()
        for number in range(50)
    )
