"""The queries of the lists with their optimisations taken away, to be measured against; nothing else calls them.

They answer the same as the real ones, on a database without indexes.
"""

from collections.abc import Mapping
from typing import Any

from conversations.history.queries import PAGE, conversation_list, conversation_rows
from conversations.history.serializers import conversation_row
from conversations.models import PREVIEW_LENGTH, Conversation, Message

NEWEST = ("-last_message_at", "-id")
SAID = ("id", "message_count", "preview", "last_message_at")  # what a list says of messages


def offset_page(user_id: int, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read the first page the way of limit and offset, which counts the rows for its number of pages."""
    found = conversation_rows(conversation_list(user_id, filters)).order_by(*NEWEST)
    return [conversation_row(row) for row in found[: min(PAGE, found.count())]]


def lazy_page(user_id: int) -> list[dict[str, Any]]:
    """Say of a page's conversations what the list says of their messages, by reading the messages one by one."""
    page = Conversation.objects.for_user(user_id).order_by(*NEWEST)[:PAGE]
    return [_said(conversation, list(conversation.messages.order_by("created_at", "id"))) for conversation in page]


def _said(conversation: Conversation, messages: list[Message]) -> dict[str, Any]:
    asked = [message.content for message in messages if message.role == Message.Role.USER]
    return {
        "id": conversation.id,
        "message_count": len(messages),
        "preview": asked[-1][:PREVIEW_LENGTH] if asked else "",
        "last_message_at": messages[-1].created_at if messages else conversation.created_at,
    }
