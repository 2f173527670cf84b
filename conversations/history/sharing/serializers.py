"""Serializers of shares."""

from datetime import UTC, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from conversations.history.sharing.models import Share
from conversations.history.sharing.service import KEPT, LONGEST
from conversations.history.sharing.tokens import token_of
from perf.api.fields import FlagField, WholeNumberField

SHORTEST = 60  # seconds


class ShareInput(serializers.Serializer[Any]):
    """How a conversation is shared; for 30 days, unless one of `expires_in` and `expires_at` says otherwise."""

    follow = FlagField(default=False, help_text="Show what is added later, too; otherwise it stays as it is now.")
    system = FlagField(default=False, help_text="Show the system prompt, too.")
    expires_in = WholeNumberField(
        min_value=SHORTEST,
        max_value=int(LONGEST.total_seconds()),
        required=False,
        allow_null=True,
        help_text="Seconds until the link ends.",
    )
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, default_timezone=UTC, help_text="When the link ends, within a year."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Compute when it ends. Raises ValidationError."""
        seconds, moment, now = attrs.pop("expires_in", None), attrs.get("expires_at"), timezone.now()
        if seconds is not None and moment is not None:
            raise serializers.ValidationError({"expires_in": "Give one of `expires_in` and `expires_at`."})
        if moment is None:
            moment = now + (KEPT if seconds is None else timedelta(seconds=seconds))
        elif not now < moment <= now + LONGEST:
            raise serializers.ValidationError({"expires_at": "Must be in the future, and within a year."})
        return {**attrs, "expires_at": moment}


class ShareOutput(serializers.Serializer[Any]):
    """A link to a conversation."""

    id = serializers.UUIDField()
    url = serializers.CharField(help_text="The page; with `.json` at its end the same as JSON.")
    conversation_id = serializers.UUIDField()
    follow = serializers.BooleanField()
    system = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


def share_row(share: Share, request: Request | HttpRequest) -> dict[str, Any]:
    """Write a share the way `ShareOutput` documents it."""
    return {
        "id": share.pk,
        "url": request.build_absolute_uri(reverse("shared", args=[token_of(share.pk)])),
        "conversation_id": share.conversation_id,
        "follow": share.follow,
        "system": share.system,
        "created_at": share.created_at,
        "expires_at": share.expires_at,
    }
