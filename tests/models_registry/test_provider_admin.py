"""Providers in the admin: what the list says of them, testing them, and refreshing their models."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from models_registry.models import Provider, ProviderKind

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/admin/models_registry/provider/"


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def act(desk, action, *providers):
    """Run an action; returns what the page says about it."""
    chosen = {"action": action, "_selected_action": [str(each.pk) for each in providers]}
    response = desk.post(URL, chosen, follow=True)
    return [str(message) for message in response.context["messages"]]


def test_one_that_answers(desk, openai, echo, stub):
    said = act(desk, "try_out", openai, echo)
    assert said[0].startswith("Echo: Echo answered in ")
    assert said[1].startswith(f"OpenAI: {stub.openai_url.split('/')[2]} answered with 200 in ")
    assert stub.requests[-1].headers["authorization"] == "Bearer sk-test"


def test_one_that_refuses_the_key(desk, openai, stub, settings):
    settings.SYSTEM_API_KEYS = {"openai": "bad-key"}
    (said,) = act(desk, "try_out", openai)
    assert said.startswith(f"OpenAI: {stub.openai_url.split('/')[2]} failed with 401 after ")
    assert "bad-key" not in said


def test_one_that_is_not_there_and_one_without_a_key(desk, openai, settings):
    settings.SYSTEM_API_KEYS = {}
    away = Provider.objects.create(
        slug="badport",
        name="BadPort",
        kind=ProviderKind.OPENAI_COMPATIBLE,
        base_url="http://127.0.0.1:9/v1",
        requires_key=False,
    )
    said = act(desk, "try_out", openai, away)
    assert said[0].startswith("BadPort: 127.0.0.1:9 failed after ")
    assert "Could not reach 127.0.0.1:9: connection refused." in said[0]
    assert said[1] == "OpenAI was not tested: it needs a key, and there is no shared one."


def test_too_many_at_once(desk):
    rows = [Provider.objects.create(slug=f"p{number}", name="P", kind="openai") for number in range(11)]
    assert act(desk, "try_out", *rows) == ["At most 10 providers are tested at once; nothing was asked."]


def test_refreshing_the_models_of_one(desk, openai, anthropic):
    (said,) = act(desk, "refresh_models", openai)
    assert said.startswith("OpenAI: ")
    assert said.endswith("as the provider lists them.")
    openai.refresh_from_db()
    assert openai.models.count() > 1
    assert anthropic.models.count() == 1


def test_a_refresh_that_fails_says_why(desk, openai, settings):
    settings.SYSTEM_API_KEYS = {"openai": "any?status=503&message=Closed"}
    (said,) = act(desk, "refresh_models", openai)
    assert said.startswith("OpenAI: Closed (")


def test_whoever_may_only_look_is_offered_neither(openai, staff):
    staff.user_permissions.add(Permission.objects.get(codename="view_provider"))
    client = Client()
    client.force_login(staff)
    page = client.get(URL).content.decode()
    assert "OpenAI" in page
    assert "try_out" not in page


def test_the_list_says_where_keys_come_from(desk, openai, anthropic, echo, settings):
    settings.SYSTEM_API_KEYS = {"openai": "sk-test"}
    page = desk.get(URL).content.decode()
    for said in ('field-key">environment<', 'field-key">none<', 'field-key">not needed<', "enabled"):
        assert said in page
    assert "icon-no" not in page
