"""What staff find in the admin's lists: words of titles and texts through the index, parts of users' names, ids."""

import re
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Message
from conversations.search import staff as search
from tests.conversations.comparisons import comparison
from tests.helpers import conversation

pytestmark = pytest.mark.django_db

LISTS = {name: f"/admin/conversations/{name}/" for name in ("conversation", "message", "comparison")}


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def found(desk, name, typed):
    """Return the texts in the first column of a list."""
    response = desk.get(LISTS[name], {"q": typed})
    assert response.status_code == 200
    return sorted(re.findall(r'<th class="field-\w+"><a [^>]*>(.*?)</a></th>', response.content.decode()))


def say(row, text):
    return Message.objects.create(conversation=row, role="user", content=text, provider="openai", model="stub")


@pytest.fixture
def three(ann, bob):
    """Two conversations of Ann's, one of Bob's, with something said in each."""
    rows = [conversation(ann, title="Whales sing"), conversation(ann, title="Bread"), conversation(bob, title="Tea")]
    for row, text in zip(rows, ("deep water", "flour and water", "leaves of the mountain"), strict=True):
        say(row, text)
    return rows


@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        ("whales", ["Whales sing"]),
        ("WATER", ["Bread", "Whales sing"]),
        ("mount", ["Tea"]),
        ("flour water", ["Bread"]),
        ("bob", ["Tea"]),
        ("an", ["Bread", "Whales sing"]),
        ("nobody", []),
        ("%", []),
        ("", ["Bread", "Tea", "Whales sing"]),
    ],
)
def test_conversations(desk, three, typed, titles):
    assert found(desk, "conversation", typed) == titles


@pytest.mark.parametrize(
    ("typed", "texts"),
    [("water", ["deep water", "flour and water"]), ("bo", ["leaves of the mountain"]), ("whales", []), ("nobody", [])],
)
def test_messages(desk, three, typed, texts):
    assert found(desk, "message", typed) == texts


def test_comparisons(desk, ann, bob):
    comparison(ann, prompt="by ann")
    comparison(bob, prompt="by bob")
    assert found(desk, "comparison", "bo") == ["by bob"]


def test_comparisons_by_a_part_of_the_newest_prompts(desk, ann, monkeypatch):
    comparison(ann, prompt="Old whales")
    comparison(ann, prompt="How do whales sing?")
    comparison(ann, prompt="Bread")
    assert found(desk, "comparison", "WHALES") == ["How do whales sing?", "Old whales"]
    monkeypatch.setattr(search, "NEWEST_COMPARISONS", 2)
    assert found(desk, "comparison", "whales") == ["How do whales sing?"]


@pytest.mark.parametrize(
    ("typed", "titles", "texts"),
    [
        ("user:ann", ["Bread", "Whales sing"], ["deep water", "flour and water"]),
        ("user:an flour", ["Bread"], ["flour and water"]),
        ("user:bob water", [], []),
        ("user:nobody water", [], []),
        (" user:ann whales", ["Whales sing"], []),
    ],
)
def test_words_among_what_one_user_said(desk, three, typed, titles, texts):
    assert found(desk, "conversation", typed) == titles
    assert found(desk, "message", typed) == texts


@pytest.mark.parametrize("name", ["conversation", "message"])
def test_a_search_by_name_says_when_there_is_more(desk, ann, monkeypatch, name):
    monkeypatch.setattr(search, "CANDIDATES", 3)
    monkeypatch.setattr(search, "NEWEST_CONVERSATIONS", 3)
    for _ in range(5):
        say(conversation(ann), "word")
    for typed in ("ann", "user:ann"):
        response = desk.get(LISTS[name], {"q": typed})
        assert [str(message)[:22] for message in response.context["messages"]] == ["There are more matches"]


def test_a_table_of_one_user_says_whose_it_is(desk, three, ann):
    html = desk.get(LISTS["conversation"], {"user__id__exact": ann.pk}).text
    assert "<h1>Conversations of ann</h1>" in html
    assert '<a href="?">' in html
    for nobody in ("0", "x", "9" * 50, "²"):
        assert desk.get(LISTS["conversation"], {"user__id__exact": nobody}, follow=True).status_code == 200


def test_tables_narrow_to_what_is_new(desk, three):
    old = conversation(three[0].user, title="Old")
    Conversation.objects.filter(pk=old.pk).update(id=UUID(int=1))
    assert len(found(desk, "conversation", "")) == 4
    for span in ("today", "week", "month"):
        assert "Old" not in desk.get(LISTS["conversation"], {"made": span}).text
    assert "Old" in desk.get(LISTS["conversation"], {"made": "x"}).text


def test_by_an_id(desk, three):
    assert found(desk, "conversation", f" {three[1].pk} ") == ["Bread"]
    assert found(desk, "message", str(three[2].messages.get().pk)) == ["leaves of the mountain"]


def test_no_text_is_looked_through_with_like(desk, three):
    for name in ("conversation", "message"):  # of comparisons, the newest prompts alone
        with CaptureQueriesContext(connection) as queries:
            found(desk, name, "water")
        looking = [query["sql"] for query in queries if "LIKE" in query["sql"].upper()]
        assert [sql for sql in looking if '"auth_user"' not in sql] == []


def test_what_is_common_says_so_and_shows_the_newest(desk, ann, monkeypatch):
    monkeypatch.setattr(search, "CANDIDATES", 3)
    for number in range(8):
        say(conversation(ann, title=f"number {number}"), "common word")
    response = desk.get(LISTS["conversation"], {"q": "common"})
    assert [str(message)[:22] for message in response.context["messages"]] == ["There are more matches"]
    assert "number 7" in response.content.decode()
    assert "There are more" not in desk.get(LISTS["conversation"], {"q": "7"}).content.decode()


def test_the_conversations_of_a_user_by_an_index(desk, three, ann):
    response = desk.get(LISTS["conversation"], {"user__id__exact": ann.pk})
    assert "Bread" in response.content.decode()
    assert "Tea" not in response.content.decode()
    assert f'href="{LISTS["conversation"]}?user__id__exact={ann.pk}"' in desk.get("/admin/auth/user/").content.decode()


@pytest.mark.parametrize(
    ("name", "typed", "expected"),
    [
        ("conversation", "機能", ["Bread"]),
        ("conversation", "タワー", ["東京タワー"]),
        ("conversation", '"flour and"', ["Bread"]),
        ("conversation", '"and flour"', []),
        ("message", "数据库", ["问题在数据库🚀"]),
        ("message", "🚀", ["问题在数据库🚀"]),
        ("message", '"and water"', ["flour and water"]),
        ("message", '"water and"', []),
    ],
)
def test_words_in_runs_emoji_and_phrases(desk, three, ann, name, typed, expected):
    say(three[1], "昨日の病院は機能していない")
    say(conversation(ann, title="東京タワー"), "问题在数据库🚀")
    assert found(desk, name, typed) == expected
