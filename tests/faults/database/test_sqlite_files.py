"""SQLite's files: nobody else reads them, and the log of a database under constant load stays short."""

import os
import sqlite3
import stat
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from perf.benchmarks.processes import manage
from perf.db.sqlite3 import checkpoints as module
from perf.db.sqlite3.checkpoints import Checkpoints, checkpoint
from perf.db.sqlite3.files import make_private
from perf.serving.checks import check_files_are_private
from tests.helpers import eventually, process_environment

SECONDS = 1.5


def modes(folder):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_a_new_database_is_its_owners(tmp_path):
    before = os.umask(0o022)
    try:
        environment = process_environment(DATABASE_URL=f"sqlite:///{tmp_path / 'new.sqlite3'}", REDIS_URL="")
        manage("migrate", "--verbosity=0", environment=environment)
    finally:
        os.umask(before)
    assert modes(tmp_path)["new.sqlite3"] == 0o600
    assert set(modes(tmp_path).values()) == {0o600}


@pytest.mark.parametrize(("found", "left"), [(0o644, 0o600), (0o666, 0o600), (0o640, 0o640), (0o600, 0o600)])
def test_an_old_one_is_taken_from_everybody(tmp_path, found, left):
    database = tmp_path / "old.sqlite3"
    for path in (database, tmp_path / "old.sqlite3-wal"):
        path.touch()
        path.chmod(found)
    make_private(str(database))
    assert modes(tmp_path) == {"old.sqlite3": left, "old.sqlite3-wal": left}


def test_one_of_another_user_is_warned_of(tmp_path, settings, monkeypatch):
    database = tmp_path / "theirs.sqlite3"
    database.touch()
    database.chmod(0o644)
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "perf.db.sqlite3")
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(database))
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert [each.id for each in check_files_are_private(databases=["default"])] == ["perf.W001"]


def write_and_read(database):
    """Write beside readers of whom one always has a statement open; returns the peak of the log."""
    over, peak, log = threading.Event(), 0, Path(f"{database}-wal")

    def read(offset):
        with closing(sqlite3.connect(database)) as own:
            time.sleep(offset)
            while not over.is_set():
                cursor = own.execute("SELECT text FROM words")
                cursor.fetchone()
                time.sleep(0.06)  # as a thread that waits for the interpreter
                cursor.close()

    threads = [threading.Thread(target=read, args=(number * 0.02,)) for number in range(4)]
    with closing(sqlite3.connect(database, isolation_level=None)) as own:
        own.execute("PRAGMA journal_mode = WAL")
        own.execute("CREATE TABLE words (text)")
        own.executemany("INSERT INTO words VALUES (?)", [["much text " * 40]] * 200)
        for thread in threads:
            thread.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            own.execute("UPDATE words SET text = text || '.'")
            peak = max(peak, log.stat().st_size)
            time.sleep(0.001)
    over.set()
    for thread in threads:
        thread.join()
    return peak


def test_constant_load(tmp_path, monkeypatch):
    alone = write_and_read(str(tmp_path / "alone.sqlite3"))
    for name, value in {"LONG": 1_000_000, "TOO_LONG": 2_000_000, "POLL_INTERVAL": 0.02, "PAUSE": 0.02}.items():
        monkeypatch.setattr(module, name, value)
    watched = str(tmp_path / "watched.sqlite3")
    watch = Checkpoints(watched)
    watch.start()
    try:
        peak = write_and_read(watched)
    finally:
        watch.stop()
    assert alone > 6_000_000  # SQLite's own limit is 4 MB
    assert peak < alone / 2


def test_an_idle_log_is_emptied(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "IDLE", 0.2)
    database = str(tmp_path / "idle.sqlite3")
    with closing(sqlite3.connect(database, isolation_level=None)) as own:
        own.execute("PRAGMA journal_mode = WAL")
        own.execute("CREATE TABLE words (text)")
        own.execute("INSERT INTO words VALUES (?)", ["x" * 2_000_000])
        assert Path(f"{database}-wal").stat().st_size > 2_000_000
        watch = Checkpoints(database)
        watch.start()
        try:
            assert eventually(lambda: Path(f"{database}-wal").stat().st_size == 0)
        finally:
            watch.stop()
        assert own.execute("SELECT length(text) FROM words").fetchone() == (2_000_000,)


def test_a_reader_that_stays_is_not_waited_for_long(tmp_path):
    database = str(tmp_path / "read.sqlite3")
    with closing(sqlite3.connect(database, isolation_level=None)) as own, closing(sqlite3.connect(database)) as reader:
        own.execute("PRAGMA journal_mode = WAL")
        own.execute("CREATE TABLE words (text)")
        own.executemany("INSERT INTO words VALUES (?)", [["x"]] * 3)
        cursor = reader.execute("SELECT * FROM words")
        cursor.fetchone()
        own.execute("INSERT INTO words VALUES ('y')")
        begin = time.monotonic()
        assert not checkpoint(database, 0.2)
        assert time.monotonic() - begin < 2
        cursor.close()
        assert checkpoint(database, 0.2)
