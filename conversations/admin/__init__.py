"""Conversations, messages, comparisons and files in the admin."""

from conversations.admin import comparisons, conversations, files, imports, messages, replays

__all__ = ["comparisons", "conversations", "files", "imports", "messages", "replays"]
