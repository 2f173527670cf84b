"""Refreshes the libraries of the page from npm, as `vendor.json` pins them; `make vendor` runs it.

The files are committed, so that neither an installation nor the page downloads anything. A new version is a new
`version` and `integrity` in the manifest, as `npm view PACKAGE dist.integrity` tells it.
"""

import base64
import hashlib
import io
import json
import re
import sys
import tarfile
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from django.core.exceptions import ImproperlyConfigured

REGISTRY = "https://registry.npmjs.org"
ROOT = Path(__file__).resolve().parent.parent.parent
MANIFESTS = (
    ROOT / "llmselect_project/static/llmselect/app/vendor/vendor.json",
    ROOT / "tests/browser/vendor/vendor.json",
)
# Browsers resolve no bare names without an import map, which the content policy would have to allow.
BARE = {
    "preact": "./preact.js",
    "preact/hooks": "./preact-hooks.js",
    "@preact/signals-core": "./signals-core.js",
}
_IMPORT = re.compile(rf'\b(from|import)\s*"({"|".join(map(re.escape, BARE))})"')
_SOURCE_MAP = re.compile(r"\n?//# sourceMappingURL=\S+\s*$")


def refresh(manifest: Path) -> list[str]:
    """Write the files of a manifest beside it, and their digests into it; returns their names.

    Raises ImproperlyConfigured for a package that is not the pinned one, and OSError without a connection to npm.
    """
    packages: list[dict[str, Any]] = json.loads(manifest.read_text())
    written: list[str] = []
    for package in packages:
        members = _download(package)
        texts = {target: _adapted(target, members[source]) for source, target in package["files"].items()}
        licence = f"licences/{package['package'].replace('/', '-').lstrip('@')}.txt"
        texts[licence] = members[package["licence_file"]]
        for target, content in texts.items():
            path = manifest.parent / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        package["sha256"] = {target: hashlib.sha256(content).hexdigest() for target, content in texts.items()}
        written += texts
    manifest.write_text(json.dumps(packages, indent=2) + "\n")
    return written


def _download(package: dict[str, Any]) -> dict[str, bytes]:
    """Return the files of a package by their paths. Raises ImproperlyConfigured unless it is the pinned one."""
    name, version = package["package"], package["version"]
    with urlopen(f"{REGISTRY}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz") as response:  # noqa: S310 - https
        archive = response.read()
    digest = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if digest != package["integrity"]:
        raise ImproperlyConfigured(f"{name} {version} is not what the manifest pins: its integrity is {digest}.")
    members = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member in opened:
            if (read := opened.extractfile(member)) is not None:
                members[member.name.partition("/")[2]] = read.read()
    return members


def _adapted(target: str, content: bytes) -> bytes:
    """Make the imports of a module relative, and drop the link to its source map, which is not vendored."""
    if not target.endswith(".js"):
        return content
    text = _IMPORT.sub(lambda found: f'{found[1]}"{BARE[found[2]]}"', content.decode())
    return _SOURCE_MAP.sub("\n", text).encode()


if __name__ == "__main__":
    for each in MANIFESTS:
        sys.stdout.write(f"{each.parent}: {len(refresh(each))} files\n")
