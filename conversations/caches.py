"""The cache namespaces of conversations and comparisons, and the changes that invalidate them."""

from django.conf import settings

from perf.caching.invalidation import exempt, invalidates
from perf.caching.namespace import Namespace

conversations = Namespace(
    "conversations",
    ttl=settings.CONVERSATION_CACHE_TTL,
    about="lists of conversations, and single ones with their newest messages",
)
comparisons = Namespace("comparisons", ttl=settings.CONVERSATION_CACHE_TTL, about="lists of comparisons")
leaderboards = Namespace("leaderboard", ttl=settings.CONVERSATION_CACHE_TTL, about="leaderboards")

invalidates("conversations.Conversation", conversations, owner="user_id")
invalidates("conversations.Message", conversations, owner="conversation__user_id")
invalidates("conversations.Comparison", comparisons, leaderboards, owner="user_id")
invalidates("conversations.ComparisonResult", comparisons, leaderboards, owner="comparison__user_id")
exempt("conversations.RepeatableRequest", "repeated requests read it from the database")
exempt("conversations.StoredFile", "lists and files are read from the database")
exempt("conversations.FileUse", "nothing shows it")
