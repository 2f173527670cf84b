"""Conversations and the chats that fill them."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from perf.benchmarks.cases import register
from perf.caching import warming
from perf.plans import shapes as plans


class ConversationsConfig(AppConfig):
    """Conversations, messages, chat and export."""

    name = "conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Prepare connections for search; offer what is measured, checked, and worth warming."""
        from conversations import caches  # noqa: F401  # which changes make what forgotten
        from conversations.search.index import teach_sqlite

        connection_created.connect(teach_sqlite, dispatch_uid="conversations.search.queries")
        warming.register("conversations.history.warming.first_pages")
        plans.register(shapes="conversations.history.queries.shapes", fill="conversations.plan_rows.fill")
        register(
            "predecessor",
            "the predecessor's table, before and after",
            "conversations.benchmarks.predecessor.table.predecessor",
        )
        register("http", "endpoints under load, beside a ceiling", "conversations.benchmarks.http.load.http")
        register("chat", "the time a chat adds to the bare SDK's call, 1 client", "conversations.benchmarks.chats.chat")
        register("first-chat", "the first chat after a start", "conversations.benchmarks.first_chat.first_chat")
        register("streams", "200 streams of 10 chunks a second, one worker", "conversations.benchmarks.chats.streams")
        register("outage", "50 clients while PostgreSQL is stopped", "conversations.benchmarks.database_outage.outage")
        register("locks", "66 clients while a table is locked for 10 s", "conversations.benchmarks.locks.locks")
        register("wal", "SQLite's log under constant load", "conversations.benchmarks.locks.write_ahead_log")
        register("staleness", "reads after writes, through the caches", "conversations.benchmarks.caches.staleness")
        register(
            "redis-outage", "Redis killed, restored, full, under load", "conversations.benchmarks.redis_outage.outage"
        )
        register("hits", "a mixed load: 20 reads a write, three queries a user", "conversations.benchmarks.caches.hits")
        register("caching", "a list with and without its cache, 16 clients", "conversations.benchmarks.caches.caching")
        register("compare", "models side by side, one worker", "conversations.benchmarks.comparisons.compare")
        register("search", "words in a million messages, by HTTP", "conversations.benchmarks.search.search")
        register("recording", "what timing itself costs", "conversations.benchmarks.recording.recording")
        register("accuracy", "percentiles shown against those seen", "conversations.benchmarks.accuracy.accuracy")
        register("leaderboard", "ratings over 10,000 votes", "conversations.benchmarks.comparisons.votes")
        register("lists", "lists, detail and keys at 1,000,000 messages", "conversations.benchmarks.lists.lists")
