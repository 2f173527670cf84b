"""GET /conversations?search=: which conversations are found."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from conversations.models import Conversation, Message
from conversations.search import queries as search
from conversations.search.tokens import INDEXED
from tests.helpers import conversation, say

pytestmark = pytest.mark.django_db


def found(api, words, **more):
    response = api.get("/api/v1/conversations", {"search": words, **more})
    assert response.status_code == 200, response.content
    return [row["title"] for row in response.json()["results"]]


def test_it_finds_words_of_titles_and_of_messages(ann, api):
    say(conversation(ann, title="The sea"), "Tell me about waves")
    conversation(ann, title="Mountains")
    assert found(api, "waves") == ["The sea"]
    assert found(api, "mountains") == ["Mountains"]
    assert found(api, "rivers") == []


def test_all_words_are_in_one_text(ann, api):
    say(conversation(ann, title="The sea"), "red waves", "blue sky")
    assert found(api, "waves red") == ["The sea"]
    assert found(api, "red blue") == found(api, "sea waves") == []


def test_the_last_word_is_a_prefix(ann, api):
    conversation(ann, title="Mountains")
    assert found(api, "mount") == ["Mountains"]
    assert found(api, "mo") == []  # too short to stand for more
    assert found(api, "mount high") == found(api, "ountains") == []


@pytest.mark.parametrize("words", ["sEa", "  sea ", "sea sea", "SÉA", "se\u0301a", "«sea»", "sea,", "(the-sea)"])
def test_case_accents_and_punctuation_do_not_matter(ann, api, words):
    conversation(ann, title="The SEA")
    conversation(ann, title="Land")
    assert found(api, words) == ["The SEA"]


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Übermut", "uber"),
        ("Cafe\u0301", "café"),
        ("Tiếng Việt", "viet"),
        ("ПРИВЕТ мир", "привет"),
        ("ΟΔΟΣ", "οδος"),
        ("μια οδος", "ΟΔΟΣ"),
        ("हिन्दी भाषा", "हिन्दी"),
        ("settings.py", "py"),
        ("snake_case", "case"),
        ("https://example.org/a/path", "example"),
        ("ann@example.org", "ann"),
        ("-12.5e3", "5e3"),
        ("<b>bold</b>&amp;", "bold"),
        ("one—two", "two"),
        ("hello😀world", "world"),
        ("東京タワー", "東京"),
        ("x" * 199, "x" * 150),
    ],
)
def test_how_texts_are_split_into_tokens(ann, api, title, words):
    conversation(ann, title=title)
    assert found(api, words) == [title]


@pytest.mark.parametrize(
    "words", ["%", "_", "\\", ".*", "[", "''", '"', '""', "\ufe0f", "\u200d", ":*", "&|!()", "@", "\u0301", "…—"]
)
def test_a_search_without_tokens_finds_nothing(ann, api, words):
    conversation(ann, title=f"a {words} b")
    response = api.get("/api/v1/conversations", {"search": words})
    assert (response.status_code, response.json()) == (200, {"next": None, "previous": None, "results": []})


@pytest.mark.parametrize(
    "words",
    [
        "' OR 1=1 --",
        '"sea',
        "sea*",
        "sea:*",
        "sea & or",
        "NEAR(sea or)",
        "body:sea",
        "sea\\",
        "sea AND NOT or",
        "@1 sea",
    ],
)
def test_operators_of_query_languages_are_ignored(ann, api, words):
    conversation(ann, title=f"the {words} now")
    conversation(ann, title="the sea")
    conversation(ann, title="or 1")
    assert f"the {words} now" in found(api, words)


def test_the_owner_in_the_index_is_not_a_token(ann, api):
    conversation(ann, title="The sea")
    assert found(api, str(ann.pk)) == found(api, f"@{ann.pk}") == []


def test_system_prompts_are_not_searched(ann, api):
    conversation(ann, title="The sea", system="Talk like a pirate.")
    assert found(api, "pirate") == []


def test_a_search_combines_with_filters(ann, api):
    say(conversation(ann, title="The sea"), "water")
    say(conversation(ann, title="The red sea", provider="anthropic"), "water")
    assert found(api, "water", provider="anthropic") == ["The red sea"]


def test_only_the_users_conversations_are_found(ann, bob, api):
    say(conversation(bob, title="The sea"), "water")
    assert found(api, "sea") == found(api, "water") == []


# Each number of candidates and size of the list's beginning sends a search through another plan.
PLANS = {"whole list": (1000, 200, 2000), "beginning": (0, 7, 2000), "index": (1000, 2, 1), "walk": (3, 2, 2)}


@pytest.fixture(params=PLANS.values(), ids=PLANS)
def _plan(request, monkeypatch):
    candidates, head, messages = request.param
    monkeypatch.setattr(search, "CANDIDATES", candidates)
    monkeypatch.setattr(search, "HEAD_CONVERSATIONS", head)
    monkeypatch.setattr(search, "HEAD_MESSAGES", {connection.vendor: messages})


@pytest.mark.usefixtures("_plan")
@pytest.mark.parametrize("ordering", ["-last_message_at", "-created_at"])
def test_every_plan_returns_the_pages_of_the_list(ann, bob, api, ordering):
    now = timezone.now()
    for number in range(12):
        at = {"last_message_at": now - timedelta(minutes=number // 3), "created_at": now - timedelta(days=number)}
        row = conversation(ann, title=f"{'sea' if number % 4 == 0 else 'land'} {number}", message_count=2, **at)
        say(row, "sea" if number % 3 == 0 else "land", "sea" if number % 6 == 0 else "land")
        say(conversation(bob, title="sea"), "sea")
    expected = [row["title"] for row in api.get("/api/v1/conversations", {"ordering": ordering}).json()["results"]]
    expected = [title for title in expected if int(title.split()[1]) % 3 == 0 or title.startswith("sea")]
    pages = [api.get("/api/v1/conversations", {"search": "sea", "page_size": 2, "ordering": ordering}).json()]
    while pages[-1]["next"]:
        pages.append(api.get(pages[-1]["next"]).json())
    assert [row["title"] for page in pages for row in page["results"]] == expected
    back = [pages[-1]]
    while back[-1]["previous"]:
        back.append(api.get(back[-1]["previous"]).json())
    assert [page["results"] for page in reversed(back)] == [page["results"] for page in pages]


def test_a_long_message_is_found_by_its_beginning(ann, api):
    words = " ".join(f"{number:x}" for number in range(150_000))
    text = (words + " " + "é" * 1_000_000)[:1_000_000]
    say(conversation(ann, title="long"), text)
    assert found(api, f"{1000:x}") == ["long"]
    assert found(api, text[INDEXED:].split()[1]) == []


@pytest.mark.parametrize(
    "text",
    [
        "\u0591\u05b0" * 50_000,
        "𠀀 " * 50_000,
        "é-" * 50_000,
        "a" * 100_000,
        "字" * 100_000,
        "😀" * 100_000,
        "".join(chr(0x20000 + number % 40_000) for number in range(100_000)),
    ],
    ids=["marks", "rare Han", "é", "a", "Han", "emoji", "all different"],
)
def test_odd_long_messages_can_be_stored(ann, api, text):
    say(conversation(ann, title="odd"), text + " sea")
    assert found(api, "nowhere") == []


def test_more_matches_than_candidates_in_one_conversation(ann, api):
    row = conversation(ann, title="long talk", message_count=1001)
    Message.objects.bulk_create(
        Message(conversation=row, role="user", content="sea", provider="p", model="m") for _ in range(1001)
    )
    conversation(ann, title="The sea", last_message_at=row.last_message_at - timedelta(days=1))
    assert found(api, "sea") == ["long talk", "The sea"]
    Conversation.objects.filter(pk=row.pk).update(message_count=5000)  # too long to look into first
    assert found(api, "sea") == ["long talk", "The sea"]
