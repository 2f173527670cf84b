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
selections = Namespace(
    "selection",
    ttl=settings.CONVERSATION_CACHE_TTL,
    about="which votes and settings are current; what they say is kept in the processes",
)

invalidates("conversations.Conversation", conversations, owner="user_id")
invalidates("conversations.Message", conversations, owner="conversation__user_id")
invalidates("conversations.Comparison", comparisons, leaderboards, selections, owner="user_id")
invalidates("conversations.ComparisonResult", comparisons, leaderboards, selections, owner="comparison__user_id")
invalidates("conversations.SelectionSettings", selections, owner="pk")
exempt("conversations.PromptSet", "lists and sets are read from the database")
exempt("conversations.Replay", "how far a replay is, and the list of replays, are read from the database")
exempt("conversations.Share", "lists and links read it from the database")
exempt("conversations.Import", "how far an import is, and the list of imports, are read from the database")
exempt("conversations.Imported", "only the removal of an import reads it")
exempt("conversations.RepeatableRequest", "repeated requests read it from the database")
exempt("conversations.StoredFile", "lists and files are read from the database")
exempt("conversations.FileUse", "nothing shows it")
