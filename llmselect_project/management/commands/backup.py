"""`manage.py backup`: copy the database and the stored files while the server runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from llmselect_project.backup import BackupError, back_up, place
from perf.pages.formatting import quantity


class Command(BaseCommand):
    """Copies the database (SQLite) and the stored files into a new folder that only its owner reads, and checks it."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the folder."""
        parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that does not exist yet")

    def handle(self, *_: Any, folder: Path, **__: Any) -> None:
        """Back up, and print what was copied. Raises CommandError."""
        try:
            manifest = back_up(place(), folder)
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        rows = quantity(sum(manifest["rows"].values()), "row")
        self.stdout.write(f"Backed up {rows} and {quantity(manifest['files'], 'file')} to {folder}.")
