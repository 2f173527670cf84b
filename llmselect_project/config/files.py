"""Where files of users are stored, and how large they may be."""

from pathlib import Path
from typing import Any

from llmselect_project.config.environment import env, integer

STATIC = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
LARGEST = 100_000_000  # bytes: a file is held in memory while it is sent to a model


def storages(base: Path, database: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Write the setting STORAGES: files lie in FILES_DIR, by default `files` in `base` or beside the SQLite file."""
    beside = Path(database["NAME"]).resolve().parent if database["ENGINE"] == "perf.db.sqlite3" else base
    folder = env.str("FILES_DIR", default="").strip() or str(beside / "files")
    local = {
        "BACKEND": "conversations.files.contents.FolderStorage",
        "OPTIONS": {"location": folder, "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    }
    return {"default": local, "files": local, "staticfiles": STATIC}


def limits() -> tuple[int, int]:
    """Read how many bytes a file may have, and all files of a user, 0 for any number."""
    size = min(integer("FILE_SIZE_LIMIT", 20_000_000, minimum=1), LARGEST)
    return size, integer("FILES_QUOTA", 1_000_000_000)
