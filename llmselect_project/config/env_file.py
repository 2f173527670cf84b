"""The file `.env`: fresh secrets are written where it has none."""

import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet

from llmselect_project.config.environment import env

NEW_FILE = """\
# Written by `manage.py setup`; .env.example lists all settings.
DJANGO_ENV=development
"""
SECRETS = ("SECRET_KEY", "ENCRYPTION_KEY")


def fill_secrets(path: Path, *, earlier_keys: Sequence[str] = ()) -> list[str]:
    """Write the secrets that neither the environment nor the file has into the file; returns their names.

    A file that is missing is made. A line such as `SECRET_KEY=` is completed; the other lines stay. `earlier_keys` are
    Fernet keys that decrypt what is stored, and stand behind a new ENCRYPTION_KEY. Raises OSError.
    """
    missing = [name for name in SECRETS if not env.str(name, default="").strip()]
    is_new = not path.exists()
    if not missing and not is_new:
        return []
    text = NEW_FILE if is_new else path.read_text()
    made = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ENCRYPTION_KEY": ",".join([Fernet.generate_key().decode(), *earlier_keys]),
    }
    for name in missing:
        text = _with(text, name, made[name])
    path.touch(mode=0o600)
    path.chmod(0o600)  # a copy of .env.example may be read by everybody
    path.write_text(text)
    return missing


def _with(text: str, name: str, value: str) -> str:
    """Set a variable: in its empty line if there is one, else in a new line at the end."""
    line = f"{name}={value}"
    empty = re.compile(rf"^(?:export[ \t]+)?{name}[ \t]*=[ \t]*(?:\"\"|'')?[ \t]*$", re.MULTILINE)
    if empty.search(text):
        return empty.sub(line, text, count=1)
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{line}\n"
