"""`manage.py roll_up_usage`: do now what the server does about usage and budgets in the background."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations.completions.takeover import take_over
from models_registry.spending.budgets.leases import settle_lost
from models_registry.spending.usage.rolling import roll_up


class Command(BaseCommand):
    """Rolls usage up, counts calls that an earlier version wrote, and settles calls whose process died."""

    help = __doc__

    def handle(self, *_: Any, **__: Any) -> None:
        """Do all of it, and print the numbers. Raises what the database raises."""
        lost = settle_lost().settled
        self.stdout.write(f"Rolled up {roll_up():,} calls, took over {take_over():,} of an earlier version.")
        if lost:
            self.stdout.write(f"Settled {lost:,} calls whose process died.")
