"""Conversations, messages and comparisons in the admin."""

from conversations.admin import comparisons, conversations, imports, messages

__all__ = ["comparisons", "conversations", "imports", "messages"]
