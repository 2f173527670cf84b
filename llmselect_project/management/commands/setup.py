"""`manage.py setup`: make a fresh checkout ready to serve. A second run changes nothing."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from llmselect_project.config.commands import command_line
from llmselect_project.config.env_file import fill_secrets


class Command(BaseCommand):
    """Migrates, completes `.env`, fills the catalogue and makes an `admin` account, each only where it is missing."""

    help = __doc__
    # This command creates the database that the checks would query.
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        """Create what is missing, and print it. Raises CommandError if `.env` cannot be written."""
        self._say("Migrating the database …")
        call_command("migrate", verbosity=0)
        self._write_secrets()
        self._say("Filling the registry of models from the offline catalogue …")
        call_command("sync_models", offline=True, stdout=self.stdout)
        if not User.objects.exists():
            password = secrets.token_urlsafe(12)
            User.objects.create_superuser("admin", password=password)
            self._say(f"Made the account admin with the password {password} (shown only now).")
            self._say(f"`{command_line('changepassword', 'admin')}` sets another password.")

    def _write_secrets(self) -> None:
        """Complete `.env`; API keys that users stored while there was no ENCRYPTION_KEY stay readable."""
        earlier = settings.ENCRYPTION_KEYS if User.objects.exists() else []
        try:
            written = fill_secrets(settings.BASE_DIR / ".env", earlier_keys=earlier)
        except OSError as error:
            raise CommandError(f"The secrets cannot be written into .env: {error}") from error
        if written:
            self._say(f"Wrote a fresh {' and '.join(written)} into .env.")

    def _say(self, sentence: str) -> None:
        """Print now, also into a pipe: the next step may take a while."""
        self.stdout.write(sentence)
        self.stdout.flush()
