"""`manage.py prune`: delete what has expired."""

from typing import Any

from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.utils import timezone

from llmselect_project.sessions import prune_sessions


class Command(BaseCommand):
    """Deletes expired login sessions, refresh tokens and browser sessions."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Delete and say how much went."""
        browser_sessions, _by_model = Session.objects.filter(expire_date__lt=timezone.now()).delete()
        self.stdout.write(f"Deleted {prune_sessions() + browser_sessions} expired rows.")
