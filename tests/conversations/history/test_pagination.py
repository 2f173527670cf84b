"""Pages of a list: every row exactly once, whatever comes and goes meanwhile."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.utils import timezone

from conversations.models import Conversation
from tests.helpers import conversation, invalid

pytestmark = pytest.mark.django_db

URL = "/api/v1/conversations"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
BAD_CURSOR = invalid(cursor="Not a cursor of this list.")


def rows(user, count, **fields):
    """Make conversations a minute apart and return their ids, newest first."""
    made = [conversation(user, last_message_at=NOON + timedelta(minutes=number), **fields) for number in range(count)]
    return [str(row.pk) for row in reversed(made)]


def page(api, link, **query):
    response = api.get(link, query or None)
    assert response.status_code == 200, response.content
    return response.json()


def ids(page):
    return [row["id"] for row in page["results"]]


def walk(api, first, direction):
    """Follow links from a page on; yields the ids of each page after it."""
    while link := first[direction]:
        first = page(api, link)
        yield ids(first)


def test_the_default_page_size_is_twenty(ann, api):
    wanted = rows(ann, 21)
    first = page(api, URL)
    assert (ids(first), first["previous"]) == (wanted[:20], None)
    second = page(api, first["next"])
    assert (ids(second), second["next"]) == (wanted[20:], None)


def test_following_next_and_previous(ann, api):
    wanted = rows(ann, 7)
    first = page(api, URL, page_size=3)
    second = page(api, first["next"])
    third = page(api, second["next"])
    assert [ids(first), ids(second), ids(third)] == [wanted[:3], wanted[3:6], wanted[6:]]
    assert ids(page(api, third["previous"])) == ids(second)
    back = page(api, second["previous"])
    assert (ids(back), back["previous"], back["next"] is not None) == (ids(first), None, True)


def test_a_full_last_page_has_no_next(ann, api):
    rows(ann, 4)
    first = page(api, URL, page_size=2)
    assert page(api, first["next"])["next"] is None
    assert page(api, URL, page_size=4)["next"] is None


def test_links_are_path_absolute_and_keep_the_query(ann, api):
    rows(ann, 3)
    link = page(api, URL, page_size=1, provider="openai", ordering="-created_at")["next"]
    assert link.startswith(f"{URL}?")
    assert {"page_size=1", "provider=openai", "ordering=-created_at"} < set(link.partition("?")[2].split("&"))


@pytest.mark.parametrize("size", ["1", "100"])
def test_sizes_at_the_limits(ann, api, size):
    wanted = rows(ann, 101)
    assert ids(page(api, URL, page_size=size)) == wanted[: int(size)]


@pytest.mark.parametrize("size", ["0", "101", "abc", "", "-1", "1.5", "1e1", "٣", "9" * 5000, " 5", "None", "+5"])
def test_invalid_page_sizes(api, size):
    response = api.get(URL, {"page_size": size})
    assert (response.status_code, response.json()) == (
        400,
        invalid(page_size="Must be a whole number from 1 to 100."),
    )


def test_the_page_size_may_change_between_pages(ann, api):
    wanted = rows(ann, 6)
    link = page(api, URL, page_size=2)["next"]
    assert ids(page(api, link.replace("page_size=2", "page_size=4"))) == wanted[2:]


@pytest.fixture
def link(ann, api):
    rows(ann, 3)
    return page(api, URL, page_size=1)["next"]


def assert_refused(api, link):
    response = api.get(link)
    assert (response.status_code, response.json()) == (400, BAD_CURSOR)


def test_a_cursor_of_another_user_is_refused(bob_api, link):
    assert_refused(bob_api, link)


@pytest.mark.parametrize("change", ["provider=openai", "model=stub", "search=x", "ordering=-created_at"])
def test_a_cursor_of_another_filter_or_ordering_is_refused(api, link, change):
    assert_refused(api, f"{link}&{change}")


def test_a_cursor_is_refused_without_its_filter(ann, api):
    rows(ann, 3)
    link = page(api, URL, page_size=1, provider="openai")["next"]
    assert_refused(api, link.replace("provider=openai", ""))


def test_a_cursor_is_valid_for_the_same_filters_in_another_order(ann, api):
    wanted = rows(ann, 3)
    link = page(api, URL, page_size=1, provider="openai", model="stub")["next"]
    cursor = link.partition("cursor=")[2].partition("&")[0]
    again = page(api, f"{URL}?model=stub&cursor={cursor}&ordering=-last_message_at&unknown=1&provider=openai")
    assert ids(again) == wanted[1:]


def test_a_mangled_or_truncated_cursor_is_refused(api, link):
    cursor = parse_qs(urlsplit(link).query)["cursor"][0]
    for position in range(0, len(cursor), 5):
        other = "A" if cursor[position] != "A" else "B"
        for mangled in (cursor[:position], cursor[:position] + other + cursor[position + 1 :]):
            response = api.get(URL, {"page_size": 1, "cursor": mangled})
            assert (response.status_code, response.json()) == (400, BAD_CURSOR)


@pytest.mark.parametrize("cursor", ["", "x", "a:b", ":", "😀", "9" * 5000, "cD0yMDI0"])
def test_nonsense_cursors_are_refused(api, cursor):
    response = api.get(URL, {"cursor": cursor})
    assert (response.status_code, response.json()) == (400, BAD_CURSOR)


def test_a_value_signed_for_something_else_is_no_cursor(api):
    cursor = signing.Signer(salt="else").sign_object(["next", NOON.isoformat(), "nonsense"])
    assert api.get(URL, {"cursor": cursor}).json() == BAD_CURSOR


def test_a_page_of_deleted_rows_links_to_the_previous_one(ann, api, link):
    first = page(api, URL, page_size=1)
    Conversation.objects.exclude(pk=ids(first)[0]).delete()
    empty = page(api, link)
    assert (empty["results"], empty["next"]) == ([], None)
    assert ids(page(api, empty["previous"])) == ids(first)


def test_a_page_before_the_first_row_links_to_the_next_one(ann, api):
    wanted = rows(ann, 4)
    second = page(api, page(api, URL, page_size=2)["next"])
    Conversation.objects.filter(pk__in=wanted[:2]).delete()
    empty = page(api, second["previous"])
    assert (empty["results"], empty["previous"]) == ([], None)
    assert ids(page(api, empty["next"])) == wanted[2:]


@pytest.mark.parametrize("ordering", ["-last_message_at", "-created_at"])
def test_all_rows_in_ties(ann, api, ordering):
    moments = {"created_at": NOON, "last_message_at": NOON}
    wanted = sorted((str(conversation(ann, **moments).pk) for _ in range(23)), reverse=True)
    first = page(api, URL, page_size=5, ordering=ordering)
    assert sum(walk(api, first, "next"), ids(first)) == wanted


def test_a_row_that_moved_up_is_not_repeated_on_previous_pages(ann, api):
    wanted = rows(ann, 6)
    second = page(api, page(api, URL, page_size=2)["next"])
    third = page(api, second["next"])
    for moved in (wanted[4], wanted[0]):
        Conversation.objects.filter(pk=moved).update(last_message_at=timezone.now())
    new = conversation(ann)
    assert list(walk(api, third, "previous")) == [wanted[2:4], wanted[1:2]]
    assert ids(page(api, URL)) == [str(new.pk), wanted[0], wanted[4], wanted[1], wanted[2], wanted[3], wanted[5]]


def test_a_row_that_moved_up_earlier_is_on_the_previous_pages(ann, api):
    wanted = rows(ann, 4)
    first = page(api, URL, page_size=2)
    Conversation.objects.filter(pk=wanted[3]).update(last_message_at=timezone.now())
    second = page(api, first["next"])
    assert ids(second) == wanted[2:3]
    assert list(walk(api, second, "previous")) == [wanted[:2], wanted[3:]]


def test_new_messages_are_on_the_previous_pages(ann, api):
    row = conversation(ann, messages=4)
    second = page(api, page(api, f"{URL}/{row.pk}/messages", page_size=2)["next"])
    newest = row.messages.create(role="user", content="new", provider="openai", model="stub")
    assert str(newest.pk) in list(walk(api, second, "previous"))[-1]
