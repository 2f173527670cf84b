"""`manage.py restore`: put a backup in the place of the database and the stored files."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from llmselect_project.backup import BackupError, place, restore
from perf.pages.formatting import quantity


class Command(BaseCommand):
    """Checks a folder that `manage.py backup` made, and puts it in the place of what is there, which is kept beside."""

    help = f"{__doc__} Stop the server first."
    requires_system_checks: list[str] = []  # they would open the database

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the folder."""
        parser.add_argument("folder", type=Path, metavar="DIR", help="what `manage.py backup` made")

    def handle(self, *_: Any, folder: Path, **__: Any) -> None:
        """Restore, and print what is to be done next. Raises CommandError."""
        connections.close_all()
        try:
            manifest, kept = restore(folder, place())
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
        rows = quantity(sum(manifest["rows"].values()), "row")
        self.stdout.write(f"Restored {rows} and {quantity(manifest['files'], 'file')} of {manifest['created_at']}.")
        for path in kept:
            self.stdout.write(f"What was there before is {path} now. Delete it if you do not need it.")
        self.stdout.write("Next: `manage.py migrate`, then start the server; `manage.py rotate_keys` checks the keys.")
