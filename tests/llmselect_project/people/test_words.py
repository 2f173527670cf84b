"""The catalogues: the same keys and places in every language, and a text for each key that is used."""

import json
import re

import pytest
from django.test import RequestFactory

from llmselect_project.people.assets import ROOT, assets
from llmselect_project.people.words import LANGUAGES, language_of, words_of

ENGLISH = words_of("en")
USED = re.compile(r'\b(?:t|has)\("([a-z_0-9]+)"')


def places(text):
    return set(re.findall(r"\{([a-z]+)\}", json.dumps(text)))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_every_text(language):
    words = words_of(language)
    assert list(words) == list(ENGLISH)
    assert {key for key in words if places(words[key]) != places(ENGLISH[key])} == set()
    assert {key for key, text in words.items() if not text} == set()


def test_every_key_that_is_used_has_a_text():
    texts = {name: asset.content.decode() for name, asset in assets().files.items() if name.endswith(".js")}
    used = {key for name, text in texts.items() if not name.startswith("vendor/") for key in USED.findall(text)}
    assert len(used) > 150
    assert used - set(ENGLISH) == set()


def test_plurals_have_the_forms_of_their_language():
    for language, forms in {"en": {"one", "other"}, "de": {"one", "other"}, "fr": {"one", "many", "other"}}.items():
        found = [set(text) for text in words_of(language).values() if isinstance(text, dict)]
        assert found
        assert all(each == forms for each in found)


@pytest.mark.parametrize(
    ("accepted", "cookie", "language"),
    [
        ("", "", "en"),
        ("de", "", "de"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "", "fr"),
        ("es,de;q=0.3,fr;q=0.7", "", "fr"),
        ("ja", "", "en"),
        ("de", "fr", "fr"),
        ("de", "../../settings", "de"),
        ("de;q=nonsense, en;q=0.5", "", "en"),
    ],
)
def test_the_language_of_a_reader(accepted, cookie, language):
    request = RequestFactory().get("/", headers={"accept-language": accepted})
    request.COOKIES["language"] = cookie
    assert language_of(request) == language


def test_the_catalogues_are_where_the_page_looks_for_them():
    assert {path.stem for path in (ROOT / "words").glob("*.json")} == set(LANGUAGES)
