"""The languages of the page, and the words of the pages that the server writes itself."""

import json
from typing import Any

from django.http import HttpRequest

from llmselect_project.people.assets import assets

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français"}
COOKIE = "language"
DEFAULT = "en"


def language_of(request: HttpRequest) -> str:
    """Return the language that a reader chose, or the one that the browser wants most of those there are."""
    chosen = request.COOKIES.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    wanted: dict[str, float] = {}
    for part in request.headers.get("Accept-Language", "").split(",")[:20]:
        name, _, weight = part.strip().partition(";q=")
        code = name.partition("-")[0].lower()
        if code in LANGUAGES:
            wanted[code] = max(_number(weight), wanted.get(code, 0.0))
    return max(wanted, key=lambda code: wanted[code], default=DEFAULT)


def words_of(language: str) -> dict[str, Any]:
    """Return the catalogue of a language, by key."""
    catalogue: dict[str, Any] = json.loads(assets().files[f"words/{language}.json"].content)
    return catalogue


def _number(weight: str) -> float:
    try:
        return float(weight or "1")
    except ValueError:
        return 0.0
