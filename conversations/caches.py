"""What is cached of conversations and comparisons, and the signals that make it forgotten."""

from typing import Any

from django.conf import settings
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from perf.cache import Namespace

conversations = Namespace("conversations", ttl=settings.CONVERSATION_CACHE_TTL)
comparisons = Namespace("comparisons", ttl=settings.CONVERSATION_CACHE_TTL)
leaderboards = Namespace("leaderboard", ttl=settings.CONVERSATION_CACHE_TTL)


@receiver((post_save, post_delete), sender="conversations.Conversation")
def forget_conversations(instance: Any, **_: Any) -> None:
    """Forget a user's lists and details; each message is added together with a change of its conversation."""
    conversations.invalidate(instance.user_id)


@receiver((post_save, post_delete), sender="conversations.Comparison")
def forget_comparisons(instance: Any, **_: Any) -> None:
    """Forget a user's comparisons, and what their votes said."""
    comparisons.invalidate(instance.user_id)
    leaderboards.invalidate(instance.user_id)
