"""Backups of SQLite and of the stored files: a folder that is complete, checked, and only its owner's to read."""

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.utils import timezone

FORMAT, VERSION = "llmselect-backup", 1
DATABASE, FILES, MANIFEST = "db.sqlite3", "files", "manifest.json"


class BackupError(Exception):
    """Why there is no backup, or why it cannot be restored, as a sentence for the operator."""


class Place(NamedTuple):
    """What is backed up: the file of the database, and the folder of stored files, which may not exist."""

    database: Path
    files: Path | None


def place() -> Place:
    """Return where this server keeps its data. Raises BackupError for PostgreSQL."""
    if connection.vendor != "sqlite":
        raise BackupError("PostgreSQL is backed up by pg_dump and restored by pg_restore: see docs/guides/backup.md.")
    options = settings.STORAGES.get("files", {}).get("OPTIONS", {}) if hasattr(settings, "STORAGES") else {}
    folder = options.get("location")
    return Place(Path(str(connection.settings_dict["NAME"])).resolve(), Path(folder) if folder else None)


def back_up(source: Place, target: Path) -> dict[str, Any]:
    """Copy everything into a new folder while the server runs; returns the manifest. Raises BackupError and OSError.

    The database is copied first: a file is stored before the row that names it, so all that the copy names are there.
    """
    if target.exists():
        raise BackupError(f"{target} exists already.")
    if not source.database.is_file():
        raise BackupError(f"There is no database at {source.database}.")
    with _beside(target) as folder:
        _copy_database(source.database, folder / DATABASE)
        files = _copy_files(source.files, folder / FILES) if source.files else 0
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "product_version": settings.VERSION,
            "created_at": timezone.now().isoformat(),
            "sha256": _digest(folder / DATABASE),
            "rows": _counts(folder / DATABASE),
            "files": files,
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        folder.rename(target)
    return manifest


def restore(backup: Path, target: Place) -> tuple[dict[str, Any], list[Path]]:
    """Put a backup in the place of what is there; returns its manifest, and where what was there is now.

    Nothing is changed unless the backup is whole. Raises BackupError and OSError.
    """
    manifest = checked(backup)
    _require_alone(target.database)
    stamp, kept = f"{timezone.now():%Y%m%d-%H%M%S}", list[Path]()
    with _beside(target.database) as folder:
        _copy_database(backup / DATABASE, folder / DATABASE)
        if target.files and (backup / FILES).is_dir():
            target.files.parent.mkdir(parents=True, exist_ok=True)
            waiting = target.files.with_name(f".{target.files.name}-{stamp}")
            _copy_files(backup / FILES, waiting)
            kept += _set_aside(target.files, stamp)
            waiting.rename(target.files)
        kept += _set_aside(target.database, stamp)
        (folder / DATABASE).rename(target.database)
    return manifest, kept


def checked(backup: Path) -> dict[str, Any]:
    """Return the manifest of a backup that is whole. Raises BackupError."""
    try:
        manifest: dict[str, Any] = json.loads((backup / MANIFEST).read_text())
        known = (manifest["format"], manifest["version"]) == (FORMAT, VERSION)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{backup} is not a backup: it has no {MANIFEST} that can be read.") from error
    if not known:
        raise BackupError(f"{backup} is a backup of another kind or of a newer version.")
    if _digest(backup / DATABASE) != manifest["sha256"]:
        raise BackupError(f"{backup / DATABASE} is damaged, or was changed since the backup.")
    found = sum(path.is_file() for path in (backup / FILES).rglob("*"))
    if found != manifest["files"]:
        raise BackupError(f"{backup} is not whole: it has {found} files instead of {manifest['files']}.")
    return manifest


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at this moment, with what is in its log, into one file, and check the copy.

    In one step, since SQLite begins again whenever somebody writes between two. It hinders neither readers nor writers.
    """
    with closing(_reading(source)) as reader, closing(sqlite3.connect(target)) as writer:
        try:
            reader.backup(writer)
            writer.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.DatabaseError as error:
            raise BackupError(f"{source} cannot be read: {error}.") from error
    target.chmod(0o600)
    _check_integrity(target)


def _check_integrity(database: Path) -> None:
    try:
        with closing(_reading(database)) as reader:
            said = reader.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{database} cannot be read: {error}.") from error
    if said != "ok":
        raise BackupError(f"{database} is damaged: {said}.")


def _counts(database: Path) -> dict[str, int]:
    """Count the rows of each table, without those that SQLite makes for its text index."""
    with closing(_reading(database)) as reader:
        names = [name for (name,) in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = sorted(name for name in names if "searchtext" not in name and not name.startswith("sqlite_"))
        return {name: reader.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608


def _digest(database: Path) -> str:
    if not database.is_file():
        raise BackupError(f"There is no database at {database}.")
    with database.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reading(database: Path) -> sqlite3.Connection:
    if not database.is_file():
        raise BackupError(f"There is no database at {database}.")
    return sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True)  # it never makes one


def _copy_files(source: Path, target: Path) -> int:
    """Copy a folder, and leave out what is deleted meanwhile; returns the number of files."""
    count = 0
    target.mkdir(mode=0o700)
    for folder, _, names in os.walk(source):
        into = target / Path(folder).relative_to(source)
        into.mkdir(mode=0o700, exist_ok=True)
        for name in names:
            try:
                shutil.copyfile(Path(folder) / name, into / name)
            except FileNotFoundError:
                (into / name).unlink(missing_ok=True)
                continue
            (into / name).chmod(0o600)
            count += 1
    return count


def _require_alone(database: Path) -> None:
    """Raise BackupError if a server, or anything else, has the database open: only the last one can close its log."""
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(database, timeout=0)) as own:
            own.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise BackupError(f"{database} is in use ({error}): stop the server first.") from error
    except sqlite3.DatabaseError:
        pass  # it is damaged, which may be why a backup is restored


def _set_aside(path: Path, stamp: str) -> list[Path]:
    """Give what is at a path another name, and its log, too; returns the new name, if anything was there."""
    for suffix in ("-wal", "-shm", "-journal"):
        log = path.with_name(path.name + suffix)
        if log.exists():
            log.rename(path.with_name(f"{path.name}.{stamp}{suffix}"))
    if not path.exists():
        return []
    return [path.rename(path.with_name(f"{path.name}.{stamp}"))]


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Make a folder beside a path, from where things are moved at once; delete what is left of it."""
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}.")
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
