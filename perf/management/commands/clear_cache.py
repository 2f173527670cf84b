"""`manage.py clear_cache`: clear the caches of all workers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from perf.caching.namespace import NAMESPACES, clear_caches


class Command(BaseCommand):
    """Clears one namespace or all; a server that caches in its own memory clears everything at its next read."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the option that chooses a namespace."""
        parser.add_argument(
            "--namespace", choices=sorted(NAMESPACES), help="the one namespace to clear; without it, all are cleared"
        )

    def handle(self, *_: Any, namespace: str | None, **__: Any) -> None:
        """Clear, and print the names. Raises CommandError when the cache does not answer."""
        try:
            names = clear_caches(namespace)
        except Exception as error:
            raise CommandError(f"The cache does not answer: {error}") from error
        self.stdout.write(f"Cleared {', '.join(names)}.")
