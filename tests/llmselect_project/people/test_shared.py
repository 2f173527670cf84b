"""GET /s/{token}: what anybody sees of a shared conversation, as a page and as JSON."""

import base64
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from conversations.history.sharing import service
from conversations.history.sharing.tokens import read_token, token_of
from conversations.models import Message, Share
from llmselect_project.accounts.sessions import delete_account
from llmselect_project.people import shared
from tests.helpers import conversation, error, say

pytestmark = pytest.mark.django_db

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1)) ![b](https://evil.example/b.png)"
)
GONE = error("not_found", "Not found.")


@pytest.fixture
def sea(ann):
    row = conversation(ann, title="The <sea>", system="Secret prompt.", provider="openai", model="stub")
    say(row, "Is it **deep**?")
    Message.objects.create(
        conversation=row,
        role="assistant",
        content="Yes:\n\n```\n11 km\n```",
        reasoning="I think hard.",
        provider="openai",
        model="stub",
        cost="0.0123",
        prompt_tokens=4711,
        time=1.5,
    )
    return row


@pytest.fixture
def link(api, sea):
    def make(**options):
        return (
            api.post(f"/api/v1/conversations/{sea.pk}/share", options).json()["url"].removeprefix("http://testserver")
        )

    return make


@pytest.fixture
def browser():
    return Client()


def texts(browser, path):
    response = browser.get(f"{path}.json")
    assert response.status_code == 200, response.content
    return [message["content"] for message in response.json()["messages"]]


def test_json(browser, link, sea):
    body = browser.get(f"{link()}.json").json()
    stored = Share.objects.get()
    question, answer = sea.messages.order_by("created_at")

    def moment(at):
        return at.isoformat().replace("+00:00", "Z")

    assert body == {
        "title": "The <sea>",
        "system": None,
        "created_at": moment(sea.created_at),
        "truncated": False,
        "follow": False,
        "shared_at": moment(stored.created_at),
        "expires_at": moment(stored.expires_at),
        "messages": [
            {
                "role": "user",
                "content": "Is it **deep**?",
                "provider": "openai",
                "model": "stub",
                "status": "complete",
                "created_at": moment(question.created_at),
            },
            {
                "role": "assistant",
                "content": "Yes:\n\n```\n11 km\n```",
                "provider": "openai",
                "model": "stub",
                "status": "complete",
                "created_at": moment(answer.created_at),
            },
        ],
    }


@pytest.mark.parametrize("follow", [False, True])
def test_the_page(browser, link, follow):
    response = browser.get(link(follow=follow))
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    html = response.text
    assert '<h1 dir="auto">The &lt;sea&gt;</h1>' in html
    assert "<strong>deep</strong>" in html
    assert "<pre><code>11 km" in html
    for secret in ("Secret prompt", "think hard", "0.0123", "4711", "ann", "<script"):
        assert secret not in html


def test_the_same_address_gives_json_to_programs(browser, link):
    path = link()
    assert browser.get(path, headers={"accept": "application/json"}).json() == browser.get(f"{path}.json").json()


@pytest.mark.parametrize("ending", ["", ".json"])
def test_headers_keep_it_to_its_readers(browser, link, ending):
    for path in (link() + ending, f"/s/{'A' * 43}{ending}"):
        headers = browser.get(path).headers
        assert headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy
        assert "unsafe-inline" not in policy
    assert '<meta name="robots" content="noindex, nofollow, noarchive">' in browser.get(link()).text


def test_the_system_prompt_if_it_was_asked_for(browser, link):
    path = link(system=True)
    assert "Secret prompt." in browser.get(path).text
    assert browser.get(f"{path}.json").json()["system"] == "Secret prompt."


def test_a_snapshot_stays_and_a_following_one_follows(browser, link, sea, api):
    still, following = link(), link(follow=True)
    say(sea, "And wide?")
    sea.messages.filter(role="user").update(content="Changed.")
    assert texts(browser, still)[0] == "Is it **deep**?"
    assert len(texts(browser, still)) == 2
    assert len(texts(browser, following)) == 3
    assert "Changed." in texts(browser, following)


def test_hostile_texts(browser, link, sea):
    say(sea, HOSTILE)
    sea.title = HOSTILE
    sea.save()
    html = browser.get(link()).text
    assert "<script" not in html
    assert "<img" not in html
    assert "javascript:" not in html.replace("(javascript:", "")
    assert 'rel="noopener noreferrer nofollow"' in html


def test_a_long_conversation_shows_its_beginning(browser, link, sea, monkeypatch):
    monkeypatch.setattr(service, "MESSAGES", 1)
    monkeypatch.setattr(shared, "RENDERED", 5)
    for path in (link(), link(follow=True)):
        assert texts(browser, path) == ["Is it **deep**?"]
        assert browser.get(f"{path}.json").json()["truncated"] is True
        assert '<pre class="plain">Is it **deep**?</pre>' in browser.get(path).text


def test_messages_without_text_are_left_out(browser, link, sea):
    Message.objects.create(conversation=sea, role="assistant", status="error", error="timeout", provider="p", model="m")
    assert len(texts(browser, link())) == 2


def revoke(api, row, ann):
    api.delete(f"/api/v1/shares/{row.pk}")


def expire(api, row, ann):
    Share.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def delete_conversation(api, row, ann):
    api.delete(f"/api/v1/conversations/{row.conversation_id}")


def deactivate(api, row, ann):
    User.objects.filter(pk=ann.pk).update(is_active=False)


def delete_owner(api, row, ann):
    delete_account(user=ann)


@pytest.mark.parametrize("end", [revoke, expire, delete_conversation, deactivate, delete_owner])
def test_what_has_ended_is_as_if_it_never_was(api, ann, browser, link, end):
    path = link()
    assert browser.get(path).status_code == 200
    end(api, Share.objects.get(), ann)
    never = f"/s/{'A' * 43}"
    for ending in ("", ".json"):
        gone, unknown = browser.get(path + ending), browser.get(never + ending)
        assert (gone.status_code, gone.content) == (404, unknown.content)
    assert browser.get(f"{path}.json").json() == GONE
    assert "This link shows nothing" in browser.get(path).text


def test_nobody_guesses(browser, link):
    token = link().removeprefix("/s/")
    pk = Share.objects.get().pk
    assert read_token(token) == pk
    flipped = base64.urlsafe_b64encode(bytes(each ^ 1 for each in base64.urlsafe_b64decode(f"{token}="))).decode()
    guesses = [str(pk), pk.hex, token[:-1], f"{token}A", token[:-1] + "_", token.lower(), flipped.rstrip("="), "é" * 43]
    assert [read_token(each) for each in guesses] == [None] * len(guesses)
    assert [browser.get(f"/s/{each}.json").status_code for each in guesses] == [404] * len(guesses)


def test_a_new_secret_key_ends_it(browser, link, settings):
    path = link()
    settings.SECRET_KEY = "another one, of fifty characters and more, as it should be"
    assert browser.get(path).status_code == 404
    assert browser.get(f"/s/{token_of(Share.objects.get().pk)}").status_code == 200


def test_languages(browser, link):
    path = link()
    german = browser.get(path, headers={"accept-language": "de"})
    assert '<html lang="de">' in german.text
    assert "Über einen Link geteilt" in german.text


def test_it_is_limited_by_address(browser, link, settings):
    path = link()
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "share": "2/minute"}
    cache.clear()
    codes = [browser.get(each).status_code for each in (path, f"/s/{'A' * 43}", path)]
    assert codes == [200, 404, 429]


def test_only_reading(browser, link):
    path = link()
    assert [getattr(browser, method)(path).status_code for method in ("post", "put", "delete")] == [405] * 3
    assert browser.head(path).status_code == 200


@pytest.mark.parametrize(("follow", "queries"), [(False, 1), (True, 2)])
@pytest.mark.parametrize("count", [1, 100])
def test_a_constant_number_of_queries(browser, link, sea, django_assert_num_queries, follow, queries, count):
    say(sea, *["more"] * count)
    path = link(follow=follow)
    with django_assert_num_queries(queries):
        assert browser.get(path).status_code == 200
