"""Deletes unusable Django sessions of browsers."""

from collections.abc import Iterator
from itertools import islice

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

BATCH_SIZE = 1000  # sessions


def prune_browser_sessions() -> int:
    """Delete expired sessions and those of deleted users; returns their number."""
    deleted, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    users = _users()
    while batch := dict(islice(users, BATCH_SIZE)):
        existing = {str(pk) for pk in User.objects.filter(pk__in=set(batch.values())).values_list("pk", flat=True)}
        orphans = [key for key, user_id in batch.items() if user_id not in existing]
        deleted += Session.objects.filter(pk__in=orphans).delete()[0]
    return deleted


def _users() -> Iterator[tuple[str, str]]:
    """Yield the key and the user id of each session with a login."""
    for session in Session.objects.iterator(BATCH_SIZE):
        user_id = session.get_decoded().get(SESSION_KEY)
        if user_id is not None:
            yield session.pk, str(user_id)
