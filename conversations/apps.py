"""Conversations and the chats that fill them."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from conversations.benchmarks import CASES
from perf.benchmarks import cases as benchmarks
from perf.caching import warming
from perf.jobs import registry as jobs
from perf.plans import declared_queries


class ConversationsConfig(AppConfig):
    """Conversations, messages, chat and export."""

    name = "conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Register what other apps call of this one, and what happens with rows and connections."""
        from conversations import caches  # noqa: F401  # the rules of invalidation
        from conversations.comparisons.replays import service as replays
        from conversations.completions.streams import forgetting
        from conversations.files import uses
        from conversations.history import today  # noqa: F401  # tiles of the admin's index
        from conversations.history.importing import service
        from conversations.search.index import create_sqlite_function

        service.connect()
        replays.connect()
        jobs.register("import", "conversations.history.importing.running.run")
        jobs.register("replay", "conversations.comparisons.replays.running.run")
        jobs.register("import_removal", "conversations.history.importing.removal.run")
        uses.connect()
        forgetting.connect()
        connection_created.connect(create_sqlite_function, dispatch_uid="conversations.search.queries")
        warming.register("conversations.history.warming.first_pages")
        declared_queries.register(
            queries="conversations.query_plans.declared_queries", fill="conversations.query_plans.fill"
        )
        declared_queries.register(queries="conversations.admin.query_plans.declared_queries")
        benchmarks.register(CASES)
