"""Code blocks of the project's Markdown pages, and a checkout to run them in."""

import os
import re
import shutil
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# A block of ```sh is run by tests in every shell; one of ```shell needs what a test machine may lack, like Docker.
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHELL = re.compile(r"^```(?:sh|shell)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_COPIED = (".git", ".env", ".venv", "*.sqlite3*", "*-epoch", "__pycache__", "staticfiles", ".*_cache", ".hypothesis")


def pages() -> list[Path]:
    """Return all Markdown pages of the project."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: str) -> list[str]:
    """Return the blocks of a page that a reader can run anywhere, in their order."""
    return _BLOCK.findall((ROOT / page).read_text())


def section(page: str, heading: str) -> list[str]:
    """Return all blocks for shells in one section of a page, in their order. Raises ValueError without that section."""
    text = (ROOT / page).read_text()
    begin = text.index(f"\n## {heading}\n")
    end = text.find("\n## ", begin + 1)
    return _SHELL.findall(text[begin : end if end > 0 else len(text)])


def shell_blocks(page: Path) -> list[str]:
    """Return all blocks for shells, those that no test runs too."""
    return _SHELL.findall(page.read_text())


def checkout(folder: Path) -> Path:
    """Copy the project the way a clone has it, with this interpreter's packages as its virtual environment."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
    environment = folder / ".venv"
    environment.mkdir()
    for each in Path(sys.prefix).iterdir():
        if not each.name.startswith("."):
            (environment / each.name).symlink_to(each)
    for marker in (".run", ".test", ".dev"):  # what the Makefile leaves when it has installed
        (environment / marker).touch()
    return folder


def plain_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what would configure the server, for a newcomer has nothing set."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "USER")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "TERM": "dumb", **more}
