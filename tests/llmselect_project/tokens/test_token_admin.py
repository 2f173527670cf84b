"""Tokens in the admin: seen and revoked by staff, and made by nobody."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from llmselect_project.models import ApiToken
from tests.helpers import client_with, token_for

pytestmark = pytest.mark.django_db

URL, ME = "/admin/llmselect_project/apitoken/", "/api/v1/auth/me"


@pytest.fixture
def root():
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def act(client, action, *rows, **more):
    body = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    response = client.post(URL, body, follow=True)
    return [str(message) for message in response.context["messages"]]


def test_the_list_shows_whose_it_is_and_not_the_secret(root, ann):
    token = token_for(ann, name="my laptop")
    expired = token_for(ann, name="old phone")
    ApiToken.objects.filter(name="old phone").update(expires_at=timezone.now(), last_used_at=timezone.now())
    html = root.get(URL).text
    for text in ("my laptop", "old phone", token[:11], ">active<", ">expired<", ">ann<"):
        assert text in html
    page = root.get(reverse("admin:llmselect_project_apitoken_change", args=[ApiToken.objects.first().pk])).text
    digests = list(ApiToken.objects.values_list("digest", flat=True))
    for secret in (token, expired, *digests):
        assert secret not in html + page


def test_a_page_shows_the_limits(root, ann):
    limits = {"allowed_models": ["openai/*", "a/b"], "allowed_endpoints": ["chat"], "rate_limit": "5/minute"}
    token_for(ann, read_only=True, **limits)
    page = root.get(reverse("admin:llmselect_project_apitoken_change", args=[ApiToken.objects.get().pk])).text
    for text in ("laptop of ann", "openai/*, a/b", "chat", "5/minute"):
        assert text in page


@pytest.mark.parametrize("query", ["lapt", "ANN", "prefix", "whole"])
def test_what_is_found(root, ann, bob, query):
    token = token_for(ann)
    token_for(bob, name="phone")
    html = root.get(URL, {"q": {"prefix": token[:11], "whole": token}.get(query, query)}).text
    assert "laptop" in html
    assert "phone" not in html


def test_staff_revoke(root, ann):
    clients = [client_with(token_for(ann, name=name)) for name in ("a", "b")]
    rows = list(ApiToken.objects.order_by("name"))
    assert act(root, "revoke", rows[0]) == ["Revoked 1 token."]
    assert [client.get(ME).status_code for client in clients] == [401, 200]
    assert act(root, "revoke", *rows) == ["Revoked 1 token."]
    assert [client.get(ME).status_code for client in clients] == [401, 401]
    entries = LogEntry.objects.order_by("pk").values_list("object_repr", "change_message")
    assert list(entries) == [(row.prefix, "Revoked.") for row in rows]


def test_a_deletion_ends_it_too_and_is_logged(root, ann, caplog):
    client = client_with(token_for(ann))
    row = ApiToken.objects.get()
    assert root.post(f"{URL}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert client.get(ME).status_code == 401
    told = [(record.getMessage(), record.token_id) for record in caplog.records if record.name == "audit"]
    assert ("token deleted", row.pk) in told


def test_nobody_makes_or_changes_one_there(root, ann):
    token_for(ann)
    assert root.get(f"{URL}add/").status_code == 403
    assert root.post(f"{URL}{ApiToken.objects.get().pk}/change/", {"name": "mine"}).status_code == 403
    assert ApiToken.objects.get().name == "laptop"


def test_whoever_may_only_look_cannot_revoke(staff, ann):
    staff.user_permissions.add(Permission.objects.get(codename="view_apitoken"))
    token_for(ann)
    client = Client()
    client.force_login(staff)
    act(client, "revoke", ApiToken.objects.get())
    assert ApiToken.objects.get().state == "active"
