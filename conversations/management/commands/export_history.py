"""`manage.py export_history`: write all that is a user's into one file."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from conversations.history.archive.writing import archive
from conversations.models import Conversation


class Command(BaseCommand):
    """Writes the archive that `GET /api/v1/export` gives."""

    help = (
        "Write conversations, comparisons, votes and settings of a user into a ZIP that only you can read; "
        "docs/export.md describes it. The server may run meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user and the file."""
        parser.add_argument("--user", required=True, metavar="NAME", help="whose")
        parser.add_argument("--into", required=True, metavar="FILE", type=Path, help="a new file, such as ann.zip")
        parser.add_argument("--markdown", action="store_true", help="also each conversation as a document to read")

    def handle(self, *_: Any, user: str, into: Path, markdown: bool, **__: Any) -> None:
        """Write beside the file, and give it its name when it is whole. Raises CommandError."""
        owner = User.objects.filter(username__iexact=user).first()
        if owner is None:
            raise CommandError(f"There is no user {user!r}.")
        if into.exists():
            raise CommandError(f"{into} exists already.")
        expected = Conversation.objects.for_user(owner.pk).count()
        try:
            # Only its owner can read a temporary file. It is deleted if anything fails.
            with NamedTemporaryFile(dir=into.parent, prefix=f".{into.name}-", delete=False) as file:
                try:
                    with tqdm(total=expected, unit=" conversations", disable=None) as bar:
                        for part in archive(owner.pk, markdown=markdown, progress=bar.update):
                            file.write(part)
                    file.flush()
                    os.fsync(file.fileno())
                    os.link(file.name, into)  # unlike a replacement, fails if somebody has made the file meanwhile
                finally:
                    Path(file.name).unlink()
        except OSError as error:
            raise CommandError(f"{into}: {error.strerror or error}.") from error
        self.stdout.write(f"Wrote {into}, {into.stat().st_size:,} bytes.")
