"""Where uploaded histories lie until they are imported, and how large they may be."""

from pathlib import Path
from typing import Any

from llmselect_project.config.environment import env, integer


def folder(base: Path, database: dict[str, Any]) -> Path:
    """Read IMPORT_FOLDER; by default `imports` in `base`, or beside the SQLite file."""
    beside = Path(database["NAME"]).resolve().parent if database["ENGINE"] == "perf.db.sqlite3" else base
    return Path(env.str("IMPORT_FOLDER", default="").strip() or beside / "imports")


def limit() -> int:
    """Read IMPORT_SIZE_LIMIT, in bytes."""
    return integer("IMPORT_SIZE_LIMIT", 2_000_000_000, minimum=1)
