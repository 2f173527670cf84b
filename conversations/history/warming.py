"""The requests that warm the cache of conversations after a start."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.contrib.auth.models import User
from django.db.models import Max
from django.urls import reverse

from conversations.models import Conversation

if TYPE_CHECKING:
    from perf.caching.warming import WarmingRequest


def first_pages(users: int) -> "Iterator[WarmingRequest]":
    """Ask for the first page of the users whose conversations moved last."""
    recent = Conversation.objects.values("user").annotate(moved=Max("last_message_at")).order_by("-moved")[:users]
    for user in User.objects.filter(pk__in=[row["user"] for row in recent], is_active=True):
        yield reverse("conversation-list"), user
