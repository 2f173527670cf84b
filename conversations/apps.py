"""Conversations and the chats that fill them."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from perf import plans
from perf.benchmarks.cases import register
from perf.caching import warming


class ConversationsConfig(AppConfig):
    """Conversations, messages, chat and export."""

    name = "conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Prepare connections for search; offer what is measured, checked, and worth warming."""
        from conversations import caches  # noqa: F401  # which changes make what forgotten
        from conversations.search_index import teach_sqlite

        connection_created.connect(teach_sqlite, dispatch_uid="conversations.search")
        warming.register("conversations.warming.first_pages")
        plans.register(shapes="conversations.queries.shapes", fill="conversations.plan_rows.fill")
        register(
            "predecessor",
            "the predecessor's table, before and after",
            "conversations.predecessor_benchmarks.predecessor",
        )
        register("http", "endpoints under load, beside a ceiling", "conversations.http_benchmark.http")
        register("chat", "the time a chat adds to the bare SDK's call, 1 client", "conversations.benchmarks.chat")
        register("first-chat", "the first chat after a start", "conversations.first_chat_benchmark.first_chat")
        register("streams", "200 streams of 10 chunks a second, one worker", "conversations.benchmarks.streams")
        register("outage", "50 clients while PostgreSQL is stopped", "conversations.outage_benchmarks.outage")
        register("locks", "66 clients while a table is locked for 10 s", "conversations.lock_benchmarks.locks")
        register("wal", "SQLite's log under constant load", "conversations.lock_benchmarks.write_ahead_log")
        register("staleness", "reads after writes, through the caches", "conversations.cache_benchmarks.staleness")
        register("redis-outage", "Redis killed, restored, full, under load", "conversations.redis_benchmarks.outage")
        register("hits", "a mixed load: 20 reads a write, three queries a user", "conversations.cache_benchmarks.hits")
        register("caching", "a list with and without its cache, 16 clients", "conversations.cache_benchmarks.caching")
        register("compare", "models side by side, one worker", "conversations.comparison_benchmarks.compare")
        register("search", "words in a million messages, by HTTP", "conversations.search_benchmark.search")
        register("recording", "what timing itself costs", "conversations.recording_benchmarks.recording")
        register("accuracy", "percentiles shown against those seen", "conversations.accuracy_benchmark.accuracy")
        register("leaderboard", "ratings over 10,000 votes", "conversations.comparison_benchmarks.votes")
        register("lists", "lists, detail and keys at 1,000,000 messages", "conversations.list_benchmarks.lists")
