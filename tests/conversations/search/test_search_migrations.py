"""The migrations of the text index, forwards and backwards in a database with rows."""

import sqlite3

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from conversations.models import Conversation, Message
from conversations.search.queries import candidates
from conversations.search.tokens import tokenize
from tests.helpers import conversation, say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def migrate():
    yield lambda name: call_command("migrate", "conversations", name, verbosity=0)
    call_command("migrate", verbosity=0)


def indexed(user, words):
    """Return the titles of what the index itself finds."""
    return sorted(
        Conversation.objects.filter(pk__in=candidates(user.pk, tokenize(words))).values_list("title", flat=True)
    )


def test_existing_rows_are_indexed(ann, migrate):
    migrate("0001")
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor, include_views=True)
        columns = connection.introspection.get_table_description(cursor, "conversations_message")
    assert not [name for name in tables if "search" in name]
    assert "search" not in [column.name for column in columns]
    then = MigrationExecutor(connection).loader.project_state(("conversations", "0001_initial")).apps
    for number in range(3):
        row = then.get_model("conversations", "Conversation").objects.create(user_id=ann.pk, title=f"title {number}")
        for content in ("sea", "land", "機能していない"):
            then.get_model("conversations", "Message").objects.create(conversation=row, role="user", content=content)
    call_command("migrate", "conversations", verbosity=0)
    assert indexed(ann, "sea") == indexed(ann, "title") == indexed(ann, "いない") == ["title 0", "title 1", "title 2"]
    Message.objects.all().delete()
    assert indexed(ann, "sea") == indexed(ann, "いない") == []


TEXTS = {
    "plain": "the sea",
    "accents": "la mère — là",
    "han": "昨日の病院は機能していない",
    "thai": "ฉันลืมกุญแจ",
    "emoji": "go 🚀⭐️",
    "mixed": "Towerの東京",
}
# What is searched for, and the titles found by the index of migration 0011.
FOUND = {
    "sea": ["plain"],
    "mere": ["accents"],
    "昨日の病院": ["han"],
    "機能": ["han"],
    "กุญแจ": ["thai"],
    "🚀": ["emoji"],
    "go": ["emoji"],
    "tower": ["mixed"],
    "東京": ["mixed", "東京タワー"],
    "タワー": ["東京タワー"],
}


def test_what_is_there_is_indexed_again_and_again_as_before(ann, migrate):
    for title, text in TEXTS.items():
        say(conversation(ann, title=title), text)
    conversation(ann, title="東京タワー")
    for _ in range(2):
        migrate("0010")
        assert found_by_beginnings(ann, "昨日の病") == ["han"]
        assert found_by_beginnings(ann, "東京") == ["東京タワー"]
        assert found_by_beginnings(ann, "機能") == []
        assert indexed(ann, "sea") == ["plain"]
        assert indexed(ann, "mere") == ["accents"]
        migrate("0011")
        assert {words: indexed(ann, words) for words in FOUND} == FOUND


def test_rows_of_the_old_version_are_kept_up_by_the_new(ann, migrate):
    migrate("0010")
    then = MigrationExecutor(connection).loader.project_state(("conversations", "0010_dropped_messages")).apps
    for title, text in (("大阪城", "機能していない"), ("gone", "数据库")):
        row = then.get_model("conversations", "Conversation").objects.create(user_id=ann.pk, title=title)
        then.get_model("conversations", "Message").objects.create(conversation=row, role="user", content=text)
    then.get_model("conversations", "Conversation").objects.filter(title="gone").delete()
    migrate("0011")
    Message.objects.update(content="病院")
    assert (indexed(ann, "機能"), indexed(ann, "病院"), indexed(ann, "数据")) == ([], ["大阪城"], [])
    migrate("0010")
    then.get_model("conversations", "Conversation").objects.all().delete()
    for words in ("病院", "大阪", "阪城", "大"):
        assert found_by_beginnings(ann, words) == []


def found_by_beginnings(user, words):
    """Return the titles that the index before migration 0011 finds, in which a run is one word."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            query = f"'@{user.pk}' & '{words}':*"
            cursor.execute(
                "SELECT id FROM conversations_conversation WHERE search @@ %s::tsquery UNION"
                " SELECT conversation_id FROM conversations_message WHERE search @@ %s::tsquery",
                [query, query],
            )
        else:
            cursor.execute(
                "SELECT conversation_id FROM conversations_searchentry WHERE id IN"
                " (SELECT rowid FROM conversations_searchtext WHERE conversations_searchtext MATCH %s)",
                [f'{{owner}}:"{user.pk}" AND {{body}}:"{words}"*'],
            )
        ids = [row[0] for row in cursor.fetchall()]
    return sorted(Conversation.objects.filter(pk__in=ids).values_list("title", flat=True))


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="about SQLite")
def test_other_programs_can_write_messages(ann, tmp_path):
    say(conversation(ann, title="t"), "機能していない")
    copy = tmp_path / "copy.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(copy)])
    found = "SELECT count(*) FROM conversations_searchtext WHERE conversations_searchtext MATCH ?"
    with sqlite3.connect(copy) as other:
        other.execute("UPDATE conversations_message SET content = '问题在数据库'")
        assert other.execute(found, ['body:"数据 据库"']).fetchone() == (1,)
        assert other.execute(found, ['body:"機能"']).fetchone() == (0,)
        other.execute("DELETE FROM conversations_message")
        assert other.execute(found, ['body:"数据 据库"']).fetchone() == (0,)
        other.execute("INSERT INTO conversations_searchtext (conversations_searchtext) VALUES ('integrity-check')")
    other.close()
