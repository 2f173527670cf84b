"""The requests that warm the cache of conversations after a start."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db.models import Max
from django.urls import reverse

from conversations.models import Conversation

if TYPE_CHECKING:
    from perf.caching.warming import Asked


def first_pages(users: int) -> "Iterator[Asked]":
    """Yield the first pages of the users with the newest messages."""
    recent = Conversation.objects.values("user").annotate(newest=Max("last_message_at")).order_by("-newest")[:users]
    for user in User.objects.filter(pk__in=[row["user"] for row in recent], is_active=True):
        yield reverse("conversation-list"), user
