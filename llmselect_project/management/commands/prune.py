"""`manage.py prune`: delete what has expired or is unused, old figures, and what is kept for a limited time."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from conversations.completions.idempotency.records import prune_requests
from conversations.files.uses import prune_files
from conversations.history import traces
from conversations.history.importing.service import prune_uploads
from conversations.history.retention import prune_comparisons, prune_conversations
from conversations.history.sharing.service import prune_shares
from llmselect_project.accounts.browser_sessions import prune_browser_sessions
from llmselect_project.accounts.known_places import prune_places
from llmselect_project.accounts.sessions import prune_sessions
from llmselect_project.tokens.service import prune_tokens
from perf.pages.formatting import quantity
from perf.timing import flushing


class Command(BaseCommand):
    """Deletes expired sessions, tokens, links, places and idempotency keys, unused files, old figures, and old history.

    History is deleted only if `RETAIN_CONVERSATIONS` or `RETAIN_COMPARISONS` says for how long it is kept.
    """

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Delete, and print the number of rows. Raises what the database raises."""
        browser = prune_browser_sessions()
        expired = prune_sessions() + prune_tokens() + prune_places() + prune_requests() + browser + flushing.prune()
        expired += prune_shares()
        conversations, comparisons = prune_conversations(), prune_comparisons()
        prune_uploads()
        files = prune_files()
        traces.remove()
        unused = f" and {quantity(files, 'unused file')}" if files else ""
        self.stdout.write(f"Deleted {quantity(expired, 'expired row')}{unused}.")
        if settings.RETAIN_CONVERSATIONS or settings.RETAIN_COMPARISONS:
            kinds = f"{quantity(conversations, 'conversation')} and {quantity(comparisons, 'comparison')}"
            self.stdout.write(f"Deleted {kinds} past the time that they are kept.")
