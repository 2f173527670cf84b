"""Deleting sessions of browsers that nobody can use any more."""

from collections.abc import Iterator
from itertools import islice

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

AT_ONCE = 1000  # sessions


def prune_browser_sessions() -> int:
    """Delete sessions that have expired, and those of users who are gone; returns how many."""
    deleted, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    users = _users()
    while some := dict(islice(users, AT_ONCE)):
        there = {str(pk) for pk in User.objects.filter(pk__in=set(some.values())).values_list("pk", flat=True)}
        orphans = [key for key, user_id in some.items() if user_id not in there]
        deleted += Session.objects.filter(pk__in=orphans).delete()[0]
    return deleted


def _users() -> Iterator[tuple[str, str]]:
    """Yield the key of each session that somebody logged in with, and whose it is."""
    for session in Session.objects.iterator(AT_ONCE):
        user_id = session.get_decoded().get(SESSION_KEY)
        if user_id is not None:
            yield session.pk, str(user_id)
