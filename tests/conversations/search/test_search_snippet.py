"""GET /conversations?search=: the snippet that shows where a conversation was found."""

import pytest

from tests.helpers import conversation, say

pytestmark = pytest.mark.django_db


def snippet(api, words):
    (row,) = api.get("/api/v1/conversations", {"search": words}).json()["results"]
    return row["snippet"]


def test_it_shows_the_newest_message_that_matches(ann, api):
    say(conversation(ann, title="The sea"), "old sea", "new sea", "newest land")
    assert snippet(api, "sea") == "new <mark>sea</mark>"


def test_it_shows_the_title_when_only_that_matches(ann, api):
    say(conversation(ann, title="The sea"), "land")
    assert snippet(api, "sea") == "The <mark>sea</mark>"


def test_it_marks_exactly_the_matches(ann, api):
    say(conversation(ann), "Seas, a SEA! séa se\u0301a, research sea-Food seafood")
    assert snippet(api, "sea food") == (
        "Seas, a <mark>SEA</mark>! <mark>séa</mark> <mark>se\u0301a</mark>, research "
        "<mark>sea</mark>-<mark>Food</mark> seafood"
    )
    assert snippet(api, "resea") == "Seas, a SEA! séa se\u0301a, <mark>resea</mark>rch sea-Food seafood"


def test_it_is_safe_html(ann, api):
    say(conversation(ann), '<script>alert("sea")</script> & sea')
    assert snippet(api, "sea") == (
        "&lt;script&gt;alert(&quot;<mark>sea</mark>&quot;)&lt;/script&gt; &amp; <mark>sea</mark>"
    )
    assert snippet(api, "<script>") == (
        "&lt;<mark>script</mark>&gt;alert(&quot;sea&quot;)&lt;/<mark>script</mark>&gt; &amp; sea".replace('"', "&quot;")
    )


def test_it_is_cut_around_the_first_match(ann, api):
    say(conversation(ann), "x" * 90 + " sea " + "y" * 90)
    assert snippet(api, "sea") == f"…{'x' * 59} <mark>sea</mark> {'y' * 59}…"


def test_a_match_is_never_cut(ann, api):
    say(conversation(ann), "sea " + "x" * 57 + " seaside")
    assert snippet(api, "seas") == f"…{('sea ' + 'x' * 57 + ' ')[-60:]}<mark>seas</mark>ide"
    assert snippet(api, "sea") == f"<mark>sea</mark> {'x' * 57} <mark>sea</mark>…"


def test_letters_other_than_latin(ann, api):
    say(conversation(ann), "Мой ПРИВЕТ İstanbul'dan")
    assert snippet(api, "привет istanbul") == "Мой <mark>ПРИВЕТ</mark> <mark>İstanbul</mark>&#x27;dan"
