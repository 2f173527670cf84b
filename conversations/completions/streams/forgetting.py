"""Forgets the answers of a user who is deleted: they are kept for some minutes after their end, here and in Redis."""

from functools import partial
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.signals import post_delete

from conversations.completions.streams import registry, shared


def connect() -> None:
    """Have answers forgotten once the deletion of their user is committed, whoever deletes the account."""
    post_delete.connect(_user_deleted, sender=User, dispatch_uid="conversations.completions.streams")


def _user_deleted(instance: User, **_: Any) -> None:
    transaction.on_commit(partial(forget, instance.pk))


def forget(user_id: int) -> None:
    """Forget the answers of a user in this process and in Redis; without Redis they end there by themselves."""
    registry.forget(user_id)
    if settings.REDIS_URL and not shared.outage.active:
        try:
            shared.forget(user_id)
        except redis.RedisError as error:
            shared.outage.failed(error)
