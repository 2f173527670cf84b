"""A conversation in the admin: its messages a page at a time, and the links between both."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conversations.models import Conversation, Message
from tests.helpers import conversation

pytestmark = pytest.mark.django_db

LIST, MESSAGES = "/admin/conversations/conversation/", "/admin/conversations/message/"


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    client.get(LIST)  # fills what Django remembers, content types for example
    return client


def url_of(row, **query):
    return f"{LIST}{row.pk}/change/"


def shown(response):
    """Return the texts of the messages on a page."""
    assert response.status_code == 200
    return re.findall(r'<div class="markdown"><p>(.*?)</p>', response.content.decode(), re.DOTALL)


def test_it_shows_its_messages_oldest_first_a_page_at_a_time(desk, ann):
    row = conversation(ann, messages=45, title="Whales")
    pages = [shown(desk.get(url_of(row), {"page": page})) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [20, 20, 5]
    assert [text for page in pages for text in page] == [f"message {number}" for number in range(45)]
    html = desk.get(url_of(row), {"page": 2}).content.decode()
    assert re.findall(r'href="\?page=(\d)"', html) == ["1", "1", "3", "3"] * 2
    assert "Page 2 of 3" in html


@pytest.mark.parametrize(("page", "first"), [("0", 0), ("-1", 0), ("x", 0), ("99", 40), ("9" * 4000, 40), ("²", 0)])
def test_pages_that_there_are_not(desk, ann, page, first):
    row = conversation(ann, messages=45)
    assert shown(desk.get(url_of(row), {"page": page}))[0] == f"message {first}"


def test_a_message_leads_to_its_place_and_back(desk, ann):
    row = conversation(ann, messages=45, title="Whales")
    message = row.messages.order_by("created_at")[30]
    page = desk.get(f"{MESSAGES}{message.pk}/change/").content.decode()
    link = f"{url_of(row)}?message={message.pk}#message-{message.pk}"
    assert f'<a href="{link}">Whales</a>' in page
    html = desk.get(link).content.decode()
    assert f'id="message-{message.pk}"' in html
    assert f'<a href="{MESSAGES}{message.pk}/change/">details</a>' in html
    assert "Page 2 of 3" in html


@pytest.mark.parametrize("wanted", ["nonsense", "01a1fc02-1403-77e4-b9eb-0a7fbeb6d59f"])
def test_the_place_of_a_message_that_is_not_there(desk, ann, wanted):
    row = conversation(ann, messages=45)
    assert shown(desk.get(url_of(row), {"message": wanted}))[0] == "message 0"


def test_it_takes_as_many_queries_for_many(desk, ann):
    few, many = conversation(ann, messages=1), conversation(ann, messages=60)
    counts = []
    for row in (few, many):
        with CaptureQueriesContext(connection) as queries:
            desk.get(url_of(row))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_long_message_is_cut_and_whole_on_its_own_page(desk, ann):
    row = conversation(ann, messages=1)
    row.messages.update(content="word " * 3000 + "LASTWORD")
    html = desk.get(url_of(row)).content.decode()
    assert "Read the whole message" in html
    assert "LASTWORD" not in html
    assert "LASTWORD" in desk.get(f"{MESSAGES}{row.messages.get().pk}/change/").content.decode()


def test_figures_are_written_for_people(desk, ann):
    row = conversation(ann, messages=2)
    answer = row.messages.order_by("created_at")[1]
    Message.objects.filter(pk=answer.pk).update(
        cost="0.000000000000", time=1.234, ttft=0.0567, prompt_tokens=1200, completion_tokens=34, status="interrupted"
    )
    for url in (url_of(row), f"{MESSAGES}{answer.pk}/change/", MESSAGES):
        html = desk.get(url).content.decode()
        assert "0.00000" not in html
        assert "$0" in html
        assert "1.23 s" in html
        assert "nterrupted" in html
        assert "icon-no" not in html
    assert "1,200 sent, 34 received" in desk.get(f"{MESSAGES}{answer.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"title": "Whales"}, "Whales"),
        ({"preview": "Why do they sing?"}, "Why do they sing?"),
        ({}, "Untitled conversation"),
    ],
)
def test_no_page_is_called_by_an_id(desk, ann, fields, title):
    row = conversation(ann, **fields)
    for url in (LIST, url_of(row)):
        html = desk.get(url).content.decode()
        assert title in html
        assert str(row.pk) not in re.sub(r"<[^>]+>", " ", html)
    assert f"<title>{title} | Conversation | LLMSelect</title>" in desk.get(url_of(row)).content.decode()


def test_deletion_and_history_name_it_too(desk, ann):
    row = conversation(ann, title="Whales")
    asked = desk.get(f"{LIST}{row.pk}/delete/").content.decode()
    assert "delete the conversation “Whales” with the id" in asked
    assert str(row.pk) in asked
    history = desk.get(f"{LIST}{row.pk}/history/").content.decode()
    assert "<h1>Change history: Whales</h1>" in history
    assert str(row.pk) not in re.sub(r"<[^>]+>", " ", history)


def test_who_may_see_conversations_alone_sees_no_messages(ann, staff):
    row = conversation(ann, messages=2)
    staff.user_permissions.add(Permission.objects.get(codename="view_conversation"))
    client = Client()
    client.force_login(staff)
    assert shown(client.get(url_of(row))) == []
    staff.user_permissions.add(Permission.objects.get(codename="view_message"))
    client.force_login(User.objects.get(pk=staff.pk))
    assert shown(client.get(url_of(row))) == ["message 0", "message 1"]


def test_who_may_see_neither_sees_nothing(ann, staff):
    row = conversation(ann, messages=2)
    client = Client()
    client.force_login(staff)
    assert client.get(url_of(row)).status_code == 403


def test_one_that_is_not_there(desk):
    response = desk.get(f"{LIST}01a1fc02-1403-77e4-b9eb-0a7fbeb6d59f/change/")
    assert response.status_code == 302
    assert not Conversation.objects.exists()


def test_a_message_says_by_which_prices_it_cost_what(desk, ann):
    conversation(ann, messages=1)
    message = Message.objects.get()
    fields = {"cost": "0.00975", "cost_source": "list", "input_price": "1.25", "cache_read_price": "0.125"}
    Message.objects.filter(pk=message.pk).update(**fields)
    page = desk.get(reverse("admin:conversations_message_change", args=[message.pk])).content.decode()
    assert "list prices: input $1.25, read from a cache $0.125 per million tokens" in page
    Message.objects.filter(pk=message.pk).update(cost_source=None, input_price=None, cache_read_price=None)
    page = desk.get(reverse("admin:conversations_message_change", args=[message.pk])).content.decode()
    assert "list prices, all tokens alike" in page
