"""`manage.py rotate_keys`: re-encrypt the stored API keys with the newest encryption key."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from models_registry.keys.rotation import Rotation, rotate
from models_registry.models import APIKey, SharedKey


class Command(BaseCommand):
    """Re-encrypts every stored API key with the first of ENCRYPTION_KEY, also while the server runs."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the size of a batch."""
        parser.add_argument("--batch-size", type=int, default=500, help="rows read at once")

    def handle(self, *_: Any, batch_size: int, **__: Any) -> None:
        """Rotate, then list the unreadable rows, whose keys must be stored again. Raises CommandError."""
        if batch_size < 1:
            raise CommandError("--batch-size must be at least 1.")
        done = Rotation()
        for done in rotate(batch_size=batch_size):  # noqa: B007  # the last totals count
            pass
        for row in APIKey.objects.filter(pk__in=done.unreadable).select_related("user", "provider").order_by("pk"):
            self.stderr.write(f"Cannot read the key {row.pk} of {row.user.get_username()} for {row.provider.slug}.")
        for shared in SharedKey.objects.filter(pk__in=done.unreadable).select_related("provider").order_by("pk"):
            self.stderr.write(f"Cannot read the shared key {shared.pk} for {shared.provider.slug}.")
        self.stdout.write(
            f"Encrypted {done.renewed} keys anew; {done.current} already had the new key, {done.changed_meanwhile} "
            f"changed meanwhile, {len(done.unreadable)} cannot be read."
        )
