"""Conversations and the chats that fill them."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Conversations, messages, chat and export."""

    name = "conversations"
    verbose_name = "Conversations"
