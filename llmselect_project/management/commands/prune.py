"""`manage.py prune`: delete what has expired."""

from typing import Any

from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.utils import timezone

from conversations.idempotency import prune_requests
from llmselect_project.places import prune_places
from llmselect_project.sessions import prune_sessions
from perf.timing import handover


class Command(BaseCommand):
    """Deletes expired sessions, refresh tokens, known places and idempotency keys, and old figures."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Delete and say how much went."""
        browser_sessions, _by_model = Session.objects.filter(expire_date__lt=timezone.now()).delete()
        expired = prune_sessions() + prune_places() + prune_requests() + browser_sessions + handover.prune()
        self.stdout.write(f"Deleted {expired} expired rows.")
