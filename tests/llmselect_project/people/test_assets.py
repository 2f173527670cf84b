"""The files of the page: what the first view takes, how they are compressed and cached, and that no import misses."""

import gzip
import re

import pytest
from django.test import Client

from llmselect_project.people.assets import FOREVER, ROOT, assets, imports
from llmselect_project.people.views import STYLES

FIRST_VIEW = 100_000  # bytes, compressed
OWN = sorted(name for name in assets().files if name.endswith(".js") and not name.startswith("vendor/"))


def test_the_first_view_is_small():
    files = assets().files
    needed = [*assets().first, *(f"styles/{name}.css" for name in STYLES), "words/de.json", "frame/theme_first.js"]
    assert len(needed) > 30
    # Half of the page is what shows Markdown, which an empty chat does not wait for.
    assert not any(name.startswith("markdown/safe") or name == "vendor/markdown-it.js" for name in needed)
    assert sum(len(files[name].compressed or b"") for name in needed) < FIRST_VIEW


def test_what_an_answer_needs_is_small_too():
    files = assets().files
    needed = {*assets().first, "markdown/safe.js", "markdown/highlight.js", "vendor/markdown-it.js", "vendor/purify.js"}
    styles = {f"styles/{name}.css" for name in STYLES}
    assert sum(len(files[name].compressed or b"") for name in needed | styles) < 1.5 * FIRST_VIEW


@pytest.mark.parametrize("name", OWN)
def test_every_import_is_there(name):
    text = assets().files[name].content.decode()
    later = re.findall(r"""import\(["'`](\.[^"'`$]+)["'`]\)""", text)
    found = [
        *imports(name, text),
        *((ROOT / name).parent.joinpath(each).resolve().relative_to(ROOT).as_posix() for each in later),
    ]
    assert [each for each in found if each not in assets().files] == []


@pytest.mark.parametrize("name", OWN)
def test_modules_are_small_and_say_what_they_are_for(name):
    text = assets().files[name].content.decode()
    assert text.count("\n") <= 300
    assert text.startswith(("/** ", "// "))
    assert "eval(" not in text
    assert "innerHTML" not in text


def test_no_folder_holds_more_than_one_sees():
    folders = {path.parent for path in ROOT.rglob("*") if path.is_file()} - set((ROOT / "vendor").rglob("*"))
    assert {folder.name: len(list(folder.iterdir())) for folder in folders if len(list(folder.iterdir())) > 15} == {}


def test_a_file_may_be_cached_for_ever():
    response = Client().get(f"{assets().base}main.js", headers={"accept-encoding": "gzip, br"})
    assert response.status_code == 200
    headers = ("Cache-Control", "Content-Type", "Content-Encoding", "Vary", "X-Content-Type-Options")
    assert [response.headers[name] for name in headers] == [
        FOREVER,
        "text/javascript; charset=utf-8",
        "gzip",
        "Accept-Encoding",
        "nosniff",
    ]
    assert gzip.decompress(response.content) == (ROOT / "main.js").read_bytes()
    plain = Client().get(f"{assets().base}main.js")
    assert ("Content-Encoding" in plain.headers, plain.content) == (False, (ROOT / "main.js").read_bytes())
    again = Client().get(f"{assets().base}main.js", headers={"if-none-match": response.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_page_from_before_an_upgrade_finds_its_files():
    response = Client().get("/app/0123456789abcdef/main.js")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["nothing.js", "../settings.py", "..%2f..%2fsettings.py", "styles", ""])
def test_nothing_else_is_served(name):
    assert Client().get(f"{assets().base}{name}").status_code == 404


def test_fonts_are_not_compressed_again():
    name = next(each for each in assets().files if each.endswith(".woff2"))
    response = Client().get(f"{assets().base}{name}", headers={"accept-encoding": "gzip"})
    assert (response.headers["Content-Type"], "Content-Encoding" in response.headers) == ("font/woff2", False)
