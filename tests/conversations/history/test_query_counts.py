"""How many queries the lists cost, authentication included: the same for little data and for much."""

import re
from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation
from tests.helpers import conversation, say

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/conversations"


@pytest.fixture
def cost(api, django_assert_num_queries):
    """Read a link; fails unless it costs so many queries."""
    api.get("/api/v1/auth/me")  # puts the user state into the cache

    def read(queries, link):
        with django_assert_num_queries(queries):
            response = api.get(link)
            content = response.getvalue()
        assert response.status_code == 200, content
        return content if response.streaming else response.json()

    return read


@pytest.mark.parametrize("messages", [1, 200])
@pytest.mark.parametrize("count", [1, 100])
def test_lists_and_details_take_a_constant_number_of_queries(ann, cost, count, messages):
    for number in range(count):
        row = conversation(ann, messages=messages, title=f"sea {number}")
    assert len(cost(1, URL)["results"]) == min(count, 20)
    assert len(cost(1, f"{URL}?page_size=100")["results"]) == count
    for query in ("provider=openai", "provider=openai&model=stub", "ordering=-created_at"):
        assert cost(1, f"{URL}?{query}")["results"]
    page = cost(1, f"{URL}?page_size=2")
    while count > 1 and page["next"]:
        page = cost(1, page["next"].replace("page_size=2", "page_size=49"))
    assert len(cost(2, f"{URL}/{row.pk}")["messages"]) == min(messages, 50)
    assert len(cost(2, f"{URL}/{row.pk}/messages?page_size=100")["results"]) == min(messages, 100)
    cost(2 + -(-messages // 100), f"{URL}/{row.pk}/export")  # by batches of 100


def test_an_unauthenticated_request_costs_none(visitor, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert visitor.get(URL).status_code == 401


@pytest.mark.parametrize("count", [1, 300])
def test_a_search_takes_a_constant_number_of_queries(ann, cost, count):
    rows = Conversation.objects.bulk_create(
        Conversation(user=ann, provider="p", model="m", title=f"sea {number}", message_count=1)
        for number in range(count)
    )
    say(rows[0], "the oldest")
    short = count == 1  # a list so short is looked through at once, and the index is not asked
    assert len(cost(3, f"{URL}?search=sea")["results"]) == min(count, 20)
    assert len(cost(3 if short else 5, f"{URL}?search=oldest")["results"]) == 1
    assert cost(2 if short else 3, f"{URL}?search=nowhere")["results"] == []
    assert cost(0, f"{URL}?search=%25")["results"] == []


@pytest.mark.parametrize("model", ["stub", "unknown to the registry"])
def test_chatting_reads_nothing_and_writes_each_row_once(api, openai, model):
    hello = {"provider": "openai", "model": model, "message": "hello"}
    api.post("/api/v1/chat", hello)
    with CaptureQueriesContext(connection) as sent:
        assert api.post("/api/v1/chat", hello).status_code == 200
    kinds = Counter(
        kind for query in sent.captured_queries for kind in re.findall(r"SELECT|INSERT|UPDATE", query["sql"])
    )
    rows = {kind: kinds[kind] for kind in ("SELECT", "INSERT", "UPDATE")}  # some are one statement
    assert rows == {"SELECT": 0, "INSERT": 4, "UPDATE": 1}  # conversation, two messages, usage; the conversation again
