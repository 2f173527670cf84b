"""`manage.py setup`: make a fresh checkout ready to serve. A second run changes nothing."""

import secrets
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand

from llmselect_project.config.commands import command_line

ENV_FILE = """\
# Written by `manage.py setup`; .env.example lists all settings.
DJANGO_ENV=development
SECRET_KEY={secret}
ENCRYPTION_KEY={encryption}
"""


class Command(BaseCommand):
    """Writes `.env`, migrates, fills the catalogue and makes an `admin` account, each only where it is missing."""

    help = __doc__
    # This command creates the database that the checks would query.
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        """Create what is missing, and print it."""
        if write_env_file(settings.BASE_DIR / ".env"):
            self._say("Wrote .env with fresh secrets.")
        self._say("Migrating the database …")
        call_command("migrate", verbosity=0)
        self._say("Filling the registry of models from the offline catalogue …")
        call_command("sync_models", offline=True, stdout=self.stdout)
        if not User.objects.exists():
            password = secrets.token_urlsafe(12)
            User.objects.create_superuser("admin", password=password)
            self._say(f"Made the account admin with the password {password} (shown only now).")
            self._say(f"`{command_line('changepassword', 'admin')}` sets another password.")

    def _say(self, sentence: str) -> None:
        """Print now, also into a pipe: the next step may take a while."""
        self.stdout.write(sentence)
        self.stdout.flush()


def write_env_file(path: Path) -> bool:
    """Write new secrets unless the file exists; returns whether it did."""
    text = ENV_FILE.format(secret=secrets.token_urlsafe(50), encryption=Fernet.generate_key().decode())
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return False
    path.write_text(text)
    return True
