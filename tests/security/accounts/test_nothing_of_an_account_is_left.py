"""An account fills everything there is with words of its own, and is deleted: none of them is found anywhere."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from perf.timing import figures, flushing
from tests.helpers import PASSWORD, client_with, eventually, login
from tests.traces import cached_text, database_text

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "zqxmarker"  # with a word behind it; lower case, as a text index writes it
API = "/api/v1"


def fill(settings):
    """Write a mark wherever one can be written, read everything that is cached, and return the client."""
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "1000/hour")
    User.objects.create_user(f"{MARK}name", password=PASSWORD)
    api = client_with(login(f"{MARK}name")["access"])
    key = {"Idempotency-Key": f"{MARK}idempotency"}
    chat = {"provider": "openai", "model": "stub", "message": f"hello {MARK}message", "system": f"{MARK}system"}
    row = api.post(f"{API}/chat", chat, headers=key).json()["conversation_id"]
    models = [{"provider": "openai", "model": "stub"}] * 2
    compared = {"prompt": f"which {MARK}prompt", "system": f"{MARK}judge", "models": models}
    api.post(f"{API}/compare", compared, headers=key)
    api.patch(f"{API}/conversations/{row}", {"title": f"a {MARK}title"})
    limits = {"allowed_models": [f"{MARK}provider/*"]}
    token = api.post(f"{API}/tokens", {"name": f"{MARK}token", **limits}).json()["token"]
    assert client_with(token).get(f"{API}/conversations").status_code == 200
    api.put(f"{API}/keys/openai", {"key": f"sk-{MARK}key"})
    for path in (
        "conversations",
        f"conversations?model={MARK}model",
        f"conversations/{row}",
        "comparisons",
        "leaderboard",
    ):
        assert [api.get(f"{API}/{path}").status_code for _ in range(2)] == [200, 200]
    api.get(f"{API}/auth/me")
    api.get(f"{API}/conversations?search={MARK}message")
    flushing.flush()
    assert MARK in database_text()
    assert MARK in cached_text()
    return api


def found():
    """Look everywhere; returns what is around the first marks."""
    places = {"database": database_text(), "cache": cached_text(), "figures": repr(vars(figures.load(0)))}
    return {name: text[max(0, text.index(MARK) - 60) :][:140] for name, text in places.items() if MARK in text}


def by_the_owner(api):
    assert api.delete(f"{API}/auth/me", {"password": PASSWORD}).status_code == 204


def by_staff(api):
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    pk = User.objects.get(username=f"{MARK}name").pk
    browser.post(reverse("admin:auth_user_change", args=[pk]), {})
    assert browser.post(reverse("admin:auth_user_delete", args=[pk]), {"post": "yes"}).status_code == 302
    browser.get("/admin/")  # where it is said that it was deleted


def by_the_action(api):
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    chosen = User.objects.get(username=f"{MARK}name").pk
    body = {"action": "delete_selected", "_selected_action": [chosen], "post": "yes"}
    assert browser.post(reverse("admin:auth_user_changelist"), body, follow=True).status_code == 200


def by_the_shell(api):
    User.objects.filter(username=f"{MARK}name").delete()
    call_command("prune")


@pytest.mark.parametrize("delete", [by_the_owner, by_staff, by_the_action, by_the_shell])
def test_no_byte_is_left(openai, settings, delete):
    delete(fill(settings))
    eventually(lambda: not found(), seconds=10)
    assert found() == {}


def test_the_log_of_the_admin_says_that_it_happened(openai, settings):
    by_staff(fill(settings))
    assert [entry.object_repr.partition(" ")[0] for entry in LogEntry.objects.all()] == ["user"]


def test_what_was_loaded_before_the_deletion_is_not_kept_after(ann):
    from perf.caching.namespace import Namespace, NAMESPACES, erase  # noqa: I001

    namespace = Namespace("test", ttl=60)
    try:
        place = namespace.key(ann.pk, "q")

        def load():
            erase(ann.pk)
            return f"{MARK}late"

        assert namespace.fetch(place, load) == (f"{MARK}late", False)
        assert MARK not in cached_text()
    finally:
        del NAMESPACES["test"]


def test_sessions_of_browsers_whose_user_is_gone_are_pruned(ann, bob):
    for user in (ann, bob):
        browser = Client()
        browser.force_login(user)
    ann.delete()
    call_command("prune")
    assert [session.get_decoded()["_auth_user_id"] for session in Session.objects.all()] == [str(bob.pk)]


def test_a_browser_that_deletes_its_account_is_logged_out(ann):
    browser = Client()
    browser.force_login(ann)
    answer = browser.delete(f"{API}/auth/me", {"password": PASSWORD}, content_type="application/json")
    assert (answer.status_code, Session.objects.exists()) == (204, False)
