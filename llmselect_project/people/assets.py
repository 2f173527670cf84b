"""The modules, styles and words of the page, from memory: compressed, and under an address that names their content.

`/app/DIGEST/main.js` may be cached for ever, because another content has another digest. Relative imports keep the
digest, so that native modules need neither a build step nor an import map. `/static/` knows neither: WhiteNoise
compresses when files are collected, which `make run` does not do.
"""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

ROOT = Path(__file__).resolve().parent.parent / "static/llmselect/app"
ENTRY = "main.js"
FOREVER = "public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript", ".json": "application/json", ".css": "text/css", ".woff2": "font/woff2"}
COMPRESSED = (".js", ".json", ".css", ".svg", ".txt")
# Imports that a module needs before it runs; `import("…")`, which loads a screen, is none.
_IMPORT = re.compile(r"""(?:^|;)(?:import|export)\b[^"'();]*["'](\.[^"']+)["']""", re.MULTILINE)


@dataclass(frozen=True)
class Asset:
    """One file."""

    path: Path
    content: bytes

    @cached_property
    def compressed(self) -> bytes | None:
        """The content in gzip's format; None where that saves nothing."""
        return gzip.compress(self.content, 9, mtime=0) if self.path.suffix in COMPRESSED else None

    @cached_property
    def etag(self) -> str:
        """A weak validator, the same for both encodings."""
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:20]}"'

    @property
    def content_type(self) -> str:
        """The type, with the charset of text."""
        kind = TYPES.get(self.path.suffix) or mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"
        return kind if kind.startswith("font/") else f"{kind}; charset=utf-8"


@dataclass(frozen=True)
class Assets:
    """All files by their names below `ROOT`, and a digest of them all."""

    files: dict[str, Asset]

    @cached_property
    def digest(self) -> str:
        """Name the content of all files in 16 characters."""
        state = hashlib.sha256()
        for name, asset in sorted(self.files.items()):
            state.update(f"{name}\0{hashlib.sha256(asset.content).hexdigest()}\0".encode())
        return state.hexdigest()[:16]

    @cached_property
    def first(self) -> list[str]:
        """Name the modules that the first view needs, in the order in which they are found."""
        found, waiting = [], [ENTRY]
        while waiting:
            name = waiting.pop(0)
            if name not in found:
                found.append(name)
                waiting += imports(name, self.files[name].content.decode())
        return found

    @property
    def base(self) -> str:
        """The address below which all files are."""
        return f"/app/{self.digest}/"


def imports(name: str, text: str) -> list[str]:
    """Name the modules that a module imports at its top."""
    folder = Path(name).parent
    return [(ROOT / folder / each).resolve().relative_to(ROOT).as_posix() for each in _IMPORT.findall(text)]


def assets() -> Assets:
    """Return the files; in development those of now, otherwise those of the start."""
    return _read(_newest() if settings.DEBUG else 0.0)


@lru_cache(maxsize=1)
def _read(newest: float) -> Assets:  # noqa: ARG001 - another time is another reading
    paths = sorted(path for path in ROOT.rglob("*") if path.is_file())
    return Assets({path.relative_to(ROOT).as_posix(): Asset(path, path.read_bytes()) for path in paths})


def _newest() -> float:
    return max(path.stat().st_mtime for path in ROOT.rglob("*"))


@require_safe
def asset(request: HttpRequest, digest: str, name: str) -> HttpResponse:
    """Answer with a file. One asked for by another digest, of a page loaded before an upgrade, must be revalidated."""
    current = assets()
    found = current.files.get(name)
    if found is None:
        return HttpResponseNotFound()
    policy = FOREVER if digest == current.digest else "no-cache"
    known = parse_etags(request.headers.get("If-None-Match", ""))
    response: HttpResponse
    if found.etag in known:
        response = HttpResponseNotModified()
    elif found.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(found.compressed, content_type=found.content_type)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = HttpResponse(found.content, content_type=found.content_type)
    response.headers["Cache-Control"] = policy
    response.headers["ETag"] = found.etag
    patch_vary_headers(response, ["Accept-Encoding"])
    return response
