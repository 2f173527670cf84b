"""`manage.py backup` and `restore`: of a real server's database in processes of their own, and of what goes wrong."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

from llmselect_project.backup import BackupError, Place, back_up, restore

SETUP = """
from django.contrib.auth.models import User
from models_registry.keys.storage import store_key
from models_registry.models import Provider
ann = User.objects.create_user("ann", password="correct horse battery")
provider = Provider.objects.create(slug="openai", name="OpenAI", kind="openai")
store_key(user=ann, provider=provider, key="sk-very-secret", override_system_key=True)
"""
CHECK = """
from django.contrib.auth.models import User
from models_registry.keys.encryption import decrypt
from models_registry.models import APIKey
print(User.objects.get().username, decrypt(APIKey.objects.get().key_encrypted))
"""


def filled(path, rows=100, text="a"):
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE words (text)")
        made.executemany("INSERT INTO words VALUES (?)", [(text,)] * rows)
        made.commit()
    return path


def texts(path):
    with closing(sqlite3.connect(path)) as opened:
        return [text for (text,) in opened.execute("SELECT text FROM words")]


@pytest.fixture
def source(tmp_path):
    (tmp_path / "files" / "ab").mkdir(parents=True)
    (tmp_path / "files" / "ab" / "cd").write_bytes(b"a picture")
    return Place(filled(tmp_path / "db.sqlite3"), tmp_path / "files")


def test_there_and_back(source, tmp_path):
    manifest = back_up(source, tmp_path / "backup")
    assert (manifest["rows"], manifest["files"]) == ({"words": 100}, 1)
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "backup" / "db.sqlite3").stat().st_mode & 0o077 == 0
    source.files.joinpath("ab", "cd").unlink()
    source.files.joinpath("later").write_text("later")
    with closing(sqlite3.connect(source.database)) as opened:
        opened.execute("DELETE FROM words")
        opened.commit()
    _, kept = restore(tmp_path / "backup", source)
    assert texts(source.database) == ["a"] * 100
    assert [path.name for path in source.files.rglob("*")] == ["ab", "cd"]
    aside = {path.name.partition(".2")[0]: path for path in kept}
    assert texts(aside["db.sqlite3"]) == []
    assert (aside["files"] / "later").read_text() == "later"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_it_is_one_moment_while_others_write(source, tmp_path):
    """Each transaction adds two rows; every backup has an even number, and the writer never waits for long."""
    ended, failures, written = threading.Event(), [], [0]

    def write():
        with closing(sqlite3.connect(source.database, timeout=5)) as own:
            while not ended.is_set():
                try:
                    own.executemany("INSERT INTO words VALUES (?)", [("b" * 1000,)] * 2)
                    own.commit()
                    written[0] += 1
                except sqlite3.Error as error:
                    failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = [back_up(source, tmp_path / f"backup{number}")["rows"]["words"] for number in range(5)]
    finally:
        ended.set()
        writer.join()
    assert failures == []
    assert [count % 2 for count in counts] == [0] * 5
    assert counts == sorted(counts)
    assert written[0] > 5


def test_a_running_server_is_not_replaced(source, tmp_path):
    back_up(source, tmp_path / "backup")
    with closing(sqlite3.connect(source.database)) as server:
        server.execute("SELECT count(*) FROM words").fetchone()
        with pytest.raises(BackupError, match="stop the server first"):
            restore(tmp_path / "backup", source)
        assert server.execute("SELECT count(*) FROM words").fetchone() == (100,)


def test_a_damaged_database_is_not_backed_up(source, tmp_path):
    content = bytearray(source.database.read_bytes())
    content[4096:4200] = os.urandom(104)
    source.database.write_bytes(content)
    with pytest.raises(BackupError, match=r"cannot be read|is damaged"):
        back_up(source, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_nothing_is_overwritten(source, tmp_path):
    with pytest.raises(BackupError, match="exists already"):
        back_up(source, tmp_path / "files")
    with pytest.raises(BackupError, match="There is no folder"):
        back_up(source, tmp_path / "none" / "backup")
    with pytest.raises(BackupError, match="There is no database"):
        back_up(Place(tmp_path / "none.sqlite3", None), tmp_path / "backup")


def spoil_database(backup):
    content = bytearray((backup / "db.sqlite3").read_bytes())
    content[5000:6000] = os.urandom(1000)
    (backup / "db.sqlite3").write_bytes(content)


def lose_rows(backup):
    with closing(sqlite3.connect(backup / "db.sqlite3")) as opened:
        opened.execute("DELETE FROM words WHERE rowid = 1")
        opened.commit()


def be_newer(backup):
    (backup / "manifest.json").write_text(json.dumps({"format": "llmselect-backup", "version": 2}))


SPOILED = {
    "no manifest": (lambda backup: (backup / "manifest.json").unlink(), "is not a backup"),
    "no JSON": (lambda backup: (backup / "manifest.json").write_text("x"), "is not a backup"),
    "newer": (be_newer, "of a newer version"),
    "no database": (lambda backup: (backup / "db.sqlite3").unlink(), "There is no database"),
    "damaged": (spoil_database, "is damaged, or was changed"),
    "cut off": (lambda backup: os.truncate(backup / "db.sqlite3", 6000), "is damaged, or was changed"),
    "fewer rows": (lose_rows, "is damaged, or was changed"),
    "a file lacks": (lambda backup: (backup / "files" / "ab" / "cd").unlink(), "0 files instead of 1"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_not_whole_changes_nothing(source, tmp_path, name):
    spoil, message = SPOILED[name]
    back_up(source, tmp_path / "backup")
    spoil(tmp_path / "backup")
    before = source.database.read_bytes()
    with pytest.raises(BackupError, match=message):
        restore(tmp_path / "backup", source)
    assert source.database.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "db.sqlite3", "files"]


def test_into_an_empty_place_and_over_a_damaged_database(source, tmp_path):
    back_up(source, tmp_path / "backup")
    empty = Place(tmp_path / "new.sqlite3", tmp_path / "other" / "files")
    assert restore(tmp_path / "backup", empty)[1] == []
    assert (texts(empty.database), (empty.files / "ab" / "cd").read_bytes()) == (["a"] * 100, b"a picture")
    empty.database.write_bytes(b"no database at all" * 100)
    restore(tmp_path / "backup", empty)
    assert texts(empty.database) == ["a"] * 100


def test_the_commands(tmp_path):
    def manage(*arguments, database="db.sqlite3", code=None):
        keys = {"SECRET_KEY": "s" * 50, "DJANGO_ENV": "testing", "REDIS_URL": "", "FILES_DIR": str(tmp_path / "files")}
        env = {**os.environ, **keys, "DATABASE_URL": f"sqlite:///{tmp_path / database}"}
        command = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), *arguments]
        return subprocess.run(command, env=env, input=code, capture_output=True, text=True, check=False, cwd=tmp_path)

    manage("migrate", "-v0")
    done = manage("shell", "-v0", "-c", SETUP)
    assert done.returncode == 0, done.stderr
    done = manage("backup", "backup")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Backed up ")
    assert manage("backup", "backup").stderr == "CommandError: backup exists already.\n"
    done = manage("restore", "backup", database="elsewhere.sqlite3")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("Next: `manage.py migrate`")
    assert manage("shell", "-v0", "-c", CHECK, database="elsewhere.sqlite3").stdout == "ann sk-very-secret\n"
    assert manage("migrate", "--check", database="elsewhere.sqlite3").returncode == 0


@pytest.mark.django_db
def test_postgresql_has_its_own(tmp_path):
    from django.core.management import CommandError, call_command
    from django.db import connection

    if connection.vendor == "sqlite":
        pytest.skip("the tests' database is SQLite's")
    for command in ("backup", "restore"):
        with pytest.raises(CommandError):
            call_command(command, tmp_path / "backup")
