"""Making shares, and reading what they show."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError

from conversations.history.sharing.models import Share
from conversations.history.sharing.tokens import read_token
from conversations.models import Conversation, Message
from perf.api.rendering import encode

MAX_SHARES = 200  # of a user, until they expire
MESSAGES = 500  # shown of a conversation: the first ones
KEPT = timedelta(days=30)  # by default
LONGEST = timedelta(days=365)
SHOWN = ("role", "content", "provider", "model", "status", "created_at")


def shares_of(user_id: int) -> QuerySet[Share]:
    """Return a user's shares that have not expired, without what they show."""
    return Share.objects.filter(user_id=user_id, expires_at__gt=timezone.now()).defer("snapshot")


def create_share(*, user_id: int, conversation_id: UUID, follow: bool, system: bool, expires_at: datetime) -> Share:
    """Share a user's conversation. Raises NotFound, and ValidationError if there are too many shares."""
    with transaction.atomic():
        # Nothing changes between the reading of the messages and the end, and the conversation is not deleted.
        conversation = Conversation.objects.for_user(user_id).select_for_update().filter(pk=conversation_id).first()
        if conversation is None:
            raise NotFound
        if shares_of(user_id).count() >= MAX_SHARES:
            raise ValidationError(f"You have {MAX_SHARES} links; revoke one first.")
        share = Share(user_id=user_id, conversation=conversation, follow=follow, system=system, expires_at=expires_at)
        share.snapshot = None if follow else json.loads(encode(_document(share)))
        share.save(force_insert=True)
    return share


def shared(token: str) -> dict[str, Any]:
    """Return what a link shows. Raises NotFound for one that is unknown, expired or revoked, all alike.

    So it does if the account was deactivated.
    """
    pk = read_token(token)
    share = None if pk is None else usable(pk).first()
    if share is None:
        raise NotFound
    document = _document(share) if share.snapshot is None else share.snapshot
    return {**document, "follow": share.follow, "shared_at": share.created_at, "expires_at": share.expires_at}


def usable(pk: UUID) -> QuerySet[Share]:
    """Return the share with this id, if its link still works, with its conversation."""
    rows = Share.objects.filter(pk=pk, expires_at__gt=timezone.now(), user__is_active=True)
    return rows.select_related("conversation").order_by()


def first_messages(conversation_id: UUID) -> QuerySet[Message, dict[str, Any]]:
    """Return the messages with text, the oldest first, and one more than are shown if there are others."""
    rows = Message.objects.filter(conversation_id=conversation_id).exclude(content="")
    shown: QuerySet[Message, dict[str, Any]] = rows.order_by("created_at", "id").values(*SHOWN)
    return shown[: MESSAGES + 1]


def prune_shares() -> int:
    """Delete expired shares; returns their number."""
    return Share.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def _document(share: Share) -> dict[str, Any]:
    """Return what a share shows of its conversation: texts, authors and times, no costs, no reasoning, no files."""
    conversation = share.conversation
    messages: Sequence[dict[str, Any]] = list(first_messages(conversation.pk))
    return {
        "title": conversation.title,
        "system": conversation.system or None if share.system else None,
        "created_at": conversation.created_at,
        "messages": messages[:MESSAGES],
        "truncated": len(messages) > MESSAGES,
    }
