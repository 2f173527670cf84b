"""The vendored libraries: what the manifests pin is what lies there, with its licence."""

import hashlib
import json
import re

import pytest

from llmselect_project.people.vendoring import BARE, MANIFESTS

PACKAGES = [
    pytest.param(manifest.parent, package, id=package["package"])
    for manifest in MANIFESTS
    for package in json.loads(manifest.read_text())
]


@pytest.mark.parametrize(("folder", "package"), PACKAGES)
def test_the_files_are_those_of_the_manifest(folder, package):
    assert set(package["files"].values()) < set(package["sha256"])
    found = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in package["sha256"]}
    assert found == package["sha256"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert package["integrity"].startswith("sha512-")
    assert package["licence"]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: str(path.parent.parent.name))
def test_nothing_else_lies_there(manifest):
    listed = {name for package in json.loads(manifest.read_text()) for name in package["sha256"]}
    there = {path.relative_to(manifest.parent).as_posix() for path in manifest.parent.rglob("*") if path.is_file()}
    assert there == listed | {manifest.name}


@pytest.mark.parametrize("name", ["preact-hooks.js", "signals.js", "signals-core.js"])
def test_imports_are_relative(name):
    text = (MANIFESTS[0].parent / name).read_text()
    assert not re.search(rf"""["'](?:{"|".join(BARE)})["']""", text)
    assert name == "signals-core.js" or '"./preact.js"' in text
