"""`manage.py clear_cache`: forget what is cached, for all workers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from perf.caching.namespace import NAMESPACES, clear_caches


class Command(BaseCommand):
    """Clears one namespace or all; a server that caches in its own memory drops everything at its next read."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Choose what is cleared."""
        parser.add_argument("--namespace", choices=sorted(NAMESPACES), help="all when left out")

    def handle(self, *_: Any, namespace: str | None, **__: Any) -> None:
        """Clear, and say what."""
        try:
            names = clear_caches(namespace)
        except Exception as error:
            raise CommandError(f"The cache does not answer: {error}") from error
        self.stdout.write(f"Cleared {', '.join(names)}.")
