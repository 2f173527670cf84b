"""Conversations, messages, comparisons and files in the admin."""

from conversations.admin import comparisons, conversations, files, messages

__all__ = ["comparisons", "conversations", "files", "messages"]
