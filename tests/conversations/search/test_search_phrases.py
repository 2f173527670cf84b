"""GET /conversations?search=: words in quotes stand in their order, and a whole word can be asked for."""

import pytest

from tests.helpers import conversation, say

pytestmark = pytest.mark.django_db


def found(api, words):
    response = api.get("/api/v1/conversations", {"search": words})
    assert response.status_code == 200, response.content
    return [row["title"] for row in response.json()["results"]]


@pytest.mark.parametrize(
    "words",
    [
        '"red waves"',
        '"Red WAVES"',
        '"réd waves"',
        '"red, waves!"',
        '"red-waves"',
        "“red waves”",
        "„red waves“",
        "«red waves»",
        "「red waves」",
        '"the red waves" sea',
        'sea "the red waves"',
        '"red waves" "the sea"',
        '"red"waves',
        '"red waves',
        '""red waves',
        '"red waves" wid',
    ],
)
def test_a_phrase(ann, api, words):
    say(conversation(ann, title="that one"), "The sea is wide. The Red,\n waves came in; the sea rose.")
    assert found(api, words) == ["that one"]


@pytest.mark.parametrize(
    ("before", "expected"),
    [("é " * 45_000, ["long"]), ("x " * 45_000, ["long"]), ("é " * 55_000, []), ("x " * 55_000, [])],
    ids=["more bytes than are indexed", "within", "beyond, in two bytes each", "beyond"],
)
def test_a_phrase_of_a_long_text(ann, api, before, expected):
    say(conversation(ann, title="long"), f"The waves of the red sea. {before} red waves")
    assert found(api, '"red waves"') == expected


@pytest.mark.parametrize(
    "words",
    [
        '"waves red"',
        '"red the waves"',
        '"red wave"',
        '"ed waves"',
        '"red waves" land',
        '"red" "wave"',
        '"redwaves"',
        '"red waves came out"',
        '"wave" red',
    ],
)
def test_other_words_than_the_phrase(ann, api, words):
    say(conversation(ann), "The red waves came in.", "red and the waves", "red wavesé")
    say(conversation(ann), "came", "out")
    assert found(api, words) == []


def test_a_phrase_is_in_one_text(ann, api):
    say(conversation(ann, title="red"), "waves", "red", "the red", "waves red")
    assert found(api, '"red waves"') == []


def test_quotes_ask_for_a_whole_word(ann, api):
    conversation(ann, title="Seaside")
    conversation(ann, title="The sea")
    assert sorted(found(api, "sea")) == ["Seaside", "The sea"]
    assert found(api, '"sea"') == ["The sea"]


@pytest.mark.parametrize(
    ("words", "there"),
    [
        ('"東京 タワー"', True),
        ('"東京、タワー"', True),
        ('"京 タワー 333m"', True),
        ('"京 タ"', True),
        ('"東京タワー"', False),
        ('"タワー 東京"', False),
        ('"東 タワー"', False),
        ('"東京 ワー"', False),
        ('"333 m 🗼"', True),
        ('"m🗼"', True),
        ('"🗼 m"', False),
    ],
)
def test_phrases_of_several_scripts(ann, api, words, there):
    say(conversation(ann, title="that one"), "東京 タワー 333m? 333 m 🗼!")
    assert found(api, words) == (["that one"] if there else [])
