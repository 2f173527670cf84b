"""The database keeps its text index up to date by itself, and a migration makes it."""

import pytest
from django.db import connection

from conversations.models import Conversation, Message
from conversations.search.queries import candidates
from conversations.search.tokens import tokenize
from tests.helpers import conversation, say

SEA = tokenize("sea")


def indexed(user, words="sea"):
    """Return the titles of what the index itself finds."""
    return sorted(
        Conversation.objects.filter(pk__in=candidates(user.pk, tokenize(words))).values_list("title", flat=True)
    )


@pytest.mark.django_db
class TestKeepingUp:
    def test_what_is_written_by_hand(self, ann):
        row = conversation(ann, title="t")
        say(row, "land")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE conversations_message SET content = 'sea'")
        assert indexed(ann) == ["t"]
        assert indexed(ann, "land") == []
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM conversations_message")
        assert indexed(ann) == []

    def test_titles(self, ann):
        row = conversation(ann, title="sea")
        Conversation.objects.filter(pk=row.pk).update(title="land")
        assert (indexed(ann), indexed(ann, "land")) == ([], ["land"])
        row.title = "lake"
        row.save()
        row.save()
        assert (indexed(ann, "land"), indexed(ann, "lake")) == ([], ["lake"])

    def test_rows_in_bulk(self, ann):
        rows = Conversation.objects.bulk_create(Conversation(user=ann, title=f"sea {n}") for n in range(3))
        Message.objects.bulk_create(
            Message(conversation=row, role="user", content="lake", provider="p", model="m") for row in rows
        )
        assert indexed(ann) == indexed(ann, "lake") == ["sea 0", "sea 1", "sea 2"]

    def test_deleting(self, ann, bob):
        say(conversation(ann, title="a sea"), "sea")
        say(conversation(bob, title="b sea"), "sea")
        Conversation.objects.for_user(ann.pk).delete()
        assert (indexed(ann), indexed(bob)) == ([], ["b sea"])
        bob.delete()
        say(conversation(ann, title="new"), "land")
        assert indexed(ann) == []

    def test_another_conversation_and_another_owner(self, ann, bob):
        first, second = conversation(ann, title="first"), conversation(ann, title="second")
        say(first, "sea")
        Message.objects.update(conversation=second)
        assert indexed(ann) == ["second"]
        Conversation.objects.filter(pk=second.pk).update(user=bob)
        assert (indexed(ann), indexed(bob), indexed(bob, "second")) == ([], ["second"], ["second"])

    def test_a_message_written_before_its_conversation(self, ann):
        row = Conversation(user=ann, title="late")
        say(row, "sea")
        row.save()
        assert indexed(ann) == ["late"]

    def test_ordinary_writes_touch_no_title(self, ann, django_assert_num_queries):
        row = conversation(ann, title="sea")
        with django_assert_num_queries(1):
            row.save(update_fields=["message_count"])
        assert indexed(ann) == ["sea"]

    def test_runs_and_emoji(self, ann):
        (message,) = say(conversation(ann, title="東京タワー🗼"), "昨日の病院は機能していない🚀")
        words = ("タワー", "🗼", "病院は", "🚀")
        assert [indexed(ann, each) for each in words] == [["東京タワー🗼"]] * 4
        Message.objects.update(content="问题在数据库")
        Conversation.objects.update(title="大阪城")
        assert [indexed(ann, each) for each in words] == [[]] * 4
        assert indexed(ann, "阪城") == indexed(ann, "数据库") == ["大阪城"]
        Message.objects.filter(pk=message.pk).delete()
        assert indexed(ann, "数据库") == []
        Conversation.objects.all().delete()
        assert (indexed(ann, "大"), indexed(ann, "城")) == ([], [])

    @pytest.mark.parametrize("filler", ["京", "x", "é", "🚀", "\ufe0f"])
    @pytest.mark.parametrize("length", [0, 1, 61, 62, 63, 64, 126, 127, 128, 1000])
    def test_a_run_anywhere_in_a_text(self, ann, filler, length):
        say(conversation(ann, title="t"), filler * length + "機能x能" + filler)
        assert indexed(ann, "機能") == indexed(ann, "機能x能") == ["t"]
        assert indexed(ann, "能機") == []
        Message.objects.all().delete()
        assert indexed(ann, "機") == indexed(ann, "能") == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="GIN is PostgreSQL's")
@pytest.mark.parametrize(
    ("table", "name"),
    [("conversations_message", "idx_message_search"), ("conversations_conversation", "idx_conversation_search")],
)
def test_postgresql_has_a_gin_index(table, name):
    with connection.cursor() as cursor:
        index = connection.introspection.get_constraints(cursor, table)[name]
    assert (index["columns"], index["type"]) == (["search"], "gin")
