"""GET /conversations?search=."""

import pytest

from tests.helpers import conversation

pytestmark = pytest.mark.django_db


def found(api, search, **more):
    response = api.get("/api/v1/conversations", {"search": search, **more})
    assert response.status_code == 200, response.content
    return {row["title"]: row["snippet"] for row in response.json()["results"]}


def test_it_finds_words_of_title_and_preview(ann, api):
    conversation(ann, title="The sea", preview="Tell me about waves")
    conversation(ann, title="Mountains", preview="How high?")
    assert found(api, "waves") == {"The sea": "Tell me about <mark>waves</mark>"}
    assert found(api, "mount") == {"Mountains": "<mark>Mount</mark>ains"}
    assert found(api, "rivers") == {}


def test_case_does_not_matter(ann, api):
    conversation(ann, title="The SEA")
    assert found(api, "sEa") == {"The SEA": "The <mark>SEA</mark>"}


def test_blanks_around_do_not_matter(ann, api):
    conversation(ann, title="The sea")
    assert found(api, "  sea ") == {"The sea": "The <mark>sea</mark>"}


@pytest.mark.parametrize("search", ["%", "_", "\\", ".*", "' OR 1=1 --", "["])
def test_nothing_is_special(ann, api, search):
    conversation(ann, title="The sea")
    conversation(ann, title=f"a {search} b")
    assert list(found(api, search)) == [f"a {search} b"]


def test_the_snippet_is_safe_html(ann, api):
    conversation(ann, title="t", preview='<script>alert("sea")</script> & sea')
    assert found(api, "sea") == {
        "t": "&lt;script&gt;alert(&quot;<mark>sea</mark>&quot;)&lt;/script&gt; &amp; <mark>sea</mark>"
    }


def test_what_is_found_is_escaped_too(ann, api):
    conversation(ann, title="t", preview="a <b> c")
    assert found(api, "<b>") == {"t": "a <mark>&lt;b&gt;</mark> c"}


def test_the_snippet_is_cut_around_what_was_found(ann, api):
    conversation(ann, title="x" * 90 + "sea" + "y" * 90)
    (snippet,) = found(api, "sea").values()
    assert snippet == f"…{'x' * 60}<mark>sea</mark>{'y' * 60}…"


def test_it_narrows_together_with_filters(ann, api):
    conversation(ann, title="The sea")
    conversation(ann, title="The red sea", provider="anthropic")
    assert list(found(api, "sea", provider="anthropic")) == ["The red sea"]


def test_ones_own_only(bob, api):
    conversation(bob, title="The sea")
    assert found(api, "sea") == {}


def test_pages_keep_the_search(ann, api):
    for number in range(5):
        conversation(ann, title=f"sea {number}")
        conversation(ann, title=f"land {number}")
    response = api.get("/api/v1/conversations", {"search": "sea", "page_size": 3}).json()
    rest = api.get(response["next"]).json()
    titles = [row["title"] for row in response["results"] + rest["results"]]
    assert (titles, rest["next"]) == ([f"sea {number}" for number in (4, 3, 2, 1, 0)], None)


def test_umlauts(ann, api):
    conversation(ann, title="Übermut")
    assert found(api, "Über") == {"Übermut": "<mark>Über</mark>mut"}
