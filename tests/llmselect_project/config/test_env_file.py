"""Secrets that `manage.py setup` writes into `.env`."""

import stat
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from llmselect_project.config.env_file import fill_secrets
from tests.llmselect_project.documents.blocks import ROOT, checkout, plain_environment


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch):
    for name in ("SECRET_KEY", "ENCRYPTION_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".env"


def variables(path):
    lines = [line.partition("=") for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert len({name for name, _, _ in lines}) == len(lines)
    return {name: value for name, _, value in lines}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file(path):
    assert fill_secrets(path) == ["SECRET_KEY", "ENCRYPTION_KEY"]
    found = variables(path)
    assert (set(found), found["DJANGO_ENV"]) == ({"DJANGO_ENV", "SECRET_KEY", "ENCRYPTION_KEY"}, "development")
    assert (len(found["SECRET_KEY"]) >= 50, mode(path)) == (True, 0o600)
    Fernet(found["ENCRYPTION_KEY"])


def test_the_template(path):
    path.write_bytes((ROOT / ".env.example").read_bytes())
    before = variables(path)
    fill_secrets(path)
    after = variables(path)
    assert list(after) == list(before)
    assert {name for name in after if after[name] != before[name]} == {"SECRET_KEY", "ENCRYPTION_KEY"}
    assert mode(path) == 0o600


@pytest.mark.parametrize("line", ["", "SECRET_KEY=", 'SECRET_KEY=""', "export SECRET_KEY = ''  ", "#SECRET_KEY=old"])
def test_lines_without_a_value(path, line):
    path.write_text(f"PORT=3050\n{line}")
    fill_secrets(path)
    assert len(variables(path)["SECRET_KEY"]) >= 50
    assert variables(path)["PORT"] == "3050"


def test_what_the_environment_has_is_not_written(path, monkeypatch):
    path.write_text("SECRET_KEY=\nENCRYPTION_KEY=\n")
    monkeypatch.setenv("SECRET_KEY", "here")
    assert fill_secrets(path) == ["ENCRYPTION_KEY"]
    assert variables(path)["SECRET_KEY"] == ""


def test_a_complete_file_stays(path, monkeypatch):
    path.write_text("SECRET_KEY=x\nENCRYPTION_KEY=y")
    monkeypatch.setenv("SECRET_KEY", "x")
    monkeypatch.setenv("ENCRYPTION_KEY", "y")
    assert fill_secrets(path) == []
    assert path.read_text() == "SECRET_KEY=x\nENCRYPTION_KEY=y"


def test_earlier_keys_stand_behind_the_new_one(path):
    fill_secrets(path, earlier_keys=["old"])
    new, old = variables(path)["ENCRYPTION_KEY"].split(",")
    Fernet(new)
    assert old == "old"


KEEP = """
from django.contrib.auth.models import User
from models_registry.keys.encryption import encrypt
from models_registry.models import APIKey, Provider
provider = Provider.objects.get(slug="openai")
APIKey.objects.create(user=User.objects.get(), provider=provider, key_encrypted=encrypt("secret"), masked="****")
"""
READ = """
from models_registry.keys.encryption import decrypt
from models_registry.models import APIKey
print(decrypt(APIKey.objects.get().key_encrypted))
"""


def test_keys_stored_before_there_was_an_encryption_key_stay_readable(tmp_path):
    folder = checkout(tmp_path / "llmselect")

    def manage(*arguments, **more):
        command = [sys.executable, "manage.py", *arguments]
        environment = {**plain_environment(), "DJANGO_SETTINGS_MODULE": "llmselect_project.settings", **more}
        run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return run.stdout

    manage("migrate", "--verbosity", "0")
    manage("sync_models", "--offline")
    create = ["createsuperuser", "--noinput", "--username", "admin", "--email", ""]
    manage(*create, DJANGO_SUPERUSER_PASSWORD="a staple for horses")
    manage("shell", "-c", KEEP)
    (folder / ".env").write_text("PORT=3050\n")
    assert "Wrote a fresh SECRET_KEY and ENCRYPTION_KEY into .env." in manage("setup")
    assert manage("shell", "-c", READ).splitlines()[-1] == "secret"
    assert "Wrote" not in manage("setup")
