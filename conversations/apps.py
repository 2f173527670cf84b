"""Conversations and the chats that fill them."""

from django.apps import AppConfig

from perf.benchmark import register


class ConversationsConfig(AppConfig):
    """Conversations, messages, chat and export."""

    name = "conversations"
    verbose_name = "Conversations"

    def ready(self) -> None:
        """Offer what is measured."""
        register("chat", "the time a chat adds to the bare SDK's call, 1 client", "conversations.benchmarks.chat")
        register("streams", "200 streams of 10 chunks a second, one worker", "conversations.benchmarks.streams")
        register("staleness", "reads after writes, through the caches", "conversations.cache_benchmarks.staleness")
        register("compare", "models side by side, one worker", "conversations.comparison_benchmarks.compare")
        register("leaderboard", "ratings over 10,000 votes", "conversations.comparison_benchmarks.votes")
