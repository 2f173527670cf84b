"""ZIP files that strangers upload: which of their files are read, and which archives are refused."""

import lzma
import posixpath
import re
import zipfile
import zlib
from pathlib import Path

MOST_FILES = 100_000
MOST_BYTES = 50_000_000_000  # of all files that are read, unpacked
RATIO, FROM = 200, 10_000_000  # how many times smaller a file may be packed, if it has so many bytes; text has 3 to 20
SHARD = re.compile(r"conversations(-\d+)?\.json", re.IGNORECASE)
# What reading a damaged ZIP raises; zlib and lzma have errors of their own.
DAMAGES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError)
NOT_HISTORIES = {"manifest.json", "export_manifest.json", "settings.json", "user.json", "users.json"}


class Refused(Exception):
    """A file cannot be imported; the text says why, to its owner."""


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a ZIP that is safe to read. Raises Refused."""
    try:
        archive = zipfile.ZipFile(path)
    except (*DAMAGES, ValueError) as error:
        raise Refused(f"The ZIP is damaged or incomplete: {error}") from error
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        raise Refused(f"The ZIP holds {len(infos):,} files; at most {MOST_FILES:,} are read.")
    for info in infos:
        _check(info)
    return archive


def _check(info: zipfile.ZipInfo) -> None:
    name = info.filename.replace("\\", "/")
    if name.startswith("/") or ":" in name.split("/")[0] or ".." in name.split("/"):
        raise Refused(f"The ZIP holds a path that leads out of it: {name[:100]!r}.")
    if info.flag_bits & 0x1:
        raise Refused("The ZIP is encrypted; unpack it, and import what it holds.")
    if info.file_size > FROM and info.file_size > RATIO * max(1, info.compress_size):
        raise Refused(f"{name[:100]!r} in the ZIP unpacks to more than {RATIO} times its size.")


def histories(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files to read: those called as exports call them, or else all JSON files. Raises Refused."""
    files = [info for info in archive.infolist() if not info.is_dir() and "__MACOSX" not in info.filename]
    by_name = {posixpath.basename(info.filename).lower(): info for info in files}
    if "conversations.jsonl" in by_name:
        found = [by_name[name] for name in ("conversations.jsonl", "comparisons.jsonl") if name in by_name]
    else:
        found = [info for info in files if SHARD.fullmatch(posixpath.basename(info.filename))]
        if not found:
            rest = [info for info in files if info.filename.lower().endswith((".json", ".jsonl"))]
            found = [info for info in rest if posixpath.basename(info.filename).lower() not in NOT_HISTORIES]
    if sum(info.file_size for info in found) > MOST_BYTES:
        raise Refused(f"The ZIP unpacks to more than {MOST_BYTES:,} bytes.")
    return sorted(found, key=lambda info: info.filename) if "conversations.jsonl" not in by_name else found


def missing_shards(archive: zipfile.ZipFile) -> list[str]:
    """Return the shards that `export_manifest.json` names and the ZIP does not hold."""
    names = {posixpath.basename(info.filename): info for info in archive.infolist()}
    manifest = names.get("export_manifest.json")
    if manifest is None or manifest.file_size > FROM:
        return []
    named = SHARD.finditer(archive.read(manifest).decode(errors="replace"))
    return sorted({match[0] for match in named} - names.keys())
