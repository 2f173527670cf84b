"""Conversations, messages and comparisons in the admin."""

from conversations.admin import comparisons, conversations, messages

__all__ = ["comparisons", "conversations", "messages"]
