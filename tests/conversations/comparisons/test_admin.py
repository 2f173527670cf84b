"""Comparisons in the admin."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.conversations.comparisons import MODELS, comparison

pytestmark = pytest.mark.django_db

URL = "/admin/conversations/comparison/"


@pytest.fixture
def admin(db):
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    client.get(URL)  # fills what Django remembers, content types for example
    return client


def read(admin, url):
    """Return a page and how many queries it took."""
    with CaptureQueriesContext(connection) as queries:
        response = admin.get(url)
    assert response.status_code == 200
    return response.content.decode(), len(queries)


def test_the_list_says_what_was_compared_and_preferred(ann, admin):
    comparison(ann, blind=True, preferred_index=1)
    html, _ = read(admin, URL)
    assert "openai/gpt-x, anthropic/claude-y" in html
    assert '<td class="field-vote">anthropic/claude-y</td>' in html


@pytest.mark.parametrize(("fields", "shown"), [({}, "\u2013"), ({"preferred_index": None}, "tie")])
def test_votes_for_nobody(ann, admin, fields, shown):
    comparison(ann, **fields)
    assert f'<td class="field-vote">{shown}</td>' in read(admin, URL)[0]


def test_the_list_takes_as_many_queries_for_many(ann, admin):
    comparison(ann, *MODELS)
    _, one = read(admin, URL)
    for _ in range(29):
        comparison(ann, *MODELS, preferred_index=2)
    html, thirty = read(admin, URL)
    assert html.count("field-vote") >= 30
    assert one == thirty


def test_a_page_shows_the_answers_in_a_constant_number_of_queries(ann, admin):
    two = comparison(ann, failed=(1,))
    read(admin, f"{URL}{two.pk}/change/")
    html, of_two = read(admin, f"{URL}{two.pk}/change/")
    assert "Why is the sea salt?" in html
    assert [html.count(text) > 0 for text in ("answer number 0", "anthropic/claude-y broke off.")] == [True, True]
    four = [comparison(ann, *MODELS) for _ in range(30)][-1]
    assert read(admin, f"{URL}{four.pk}/change/")[1] == of_two


def test_it_is_found_by_its_users_name(ann, bob, admin):
    comparison(ann, prompt="by ann")
    comparison(bob, prompt="by bob")
    html, _ = read(admin, f"{URL}?q=bob")
    assert ("by bob" in html, "by ann" in html) == (True, False)


def test_staff_without_rights_see_nothing(staff, ann):
    row, client = comparison(ann), Client()
    client.force_login(staff)
    assert [client.get(url).status_code for url in (URL, f"{URL}{row.pk}/change/")] == [403, 403]
