"""`manage.py prune`: delete expired sessions, tokens, addresses, idempotency keys, unused files and old figures."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations.completions.idempotency.records import prune_requests
from conversations.files.uses import prune_files
from conversations.history import traces
from llmselect_project.accounts.browser_sessions import prune_browser_sessions
from llmselect_project.accounts.known_places import prune_places
from llmselect_project.accounts.sessions import prune_sessions
from llmselect_project.tokens.service import prune_tokens
from perf.pages.formatting import quantity
from perf.timing import flushing


class Command(BaseCommand):
    """Deletes expired sessions, tokens, known places and idempotency keys, unused files, and old figures."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Delete, and print the number of rows. Raises what the database raises."""
        browser = prune_browser_sessions()
        expired = prune_sessions() + prune_tokens() + prune_places() + prune_requests() + browser + flushing.prune()
        files = prune_files()
        traces.remove()
        unused = f" and {quantity(files, 'unused file')}" if files else ""
        self.stdout.write(f"Deleted {quantity(expired, 'expired row')}{unused}.")
