"""Fields that a body must not have: 400 with each of them named, at every endpoint that takes a body."""

import pytest

from llmselect_project.tokens.service import create_token
from tests.conversations.comparisons import comparison
from tests.helpers import PASSWORD, client_for, conversation, invalid

pytestmark = pytest.mark.django_db

CHOICE = {"provider": "echo", "model": "echo-fast"}
BODIES = {
    ("POST", "auth/register"): {"username": "new", "password": PASSWORD},
    ("POST", "auth/login"): {"username": "ann", "password": PASSWORD},
    ("POST", "auth/refresh"): {"refresh": "x"},
    ("POST", "auth/logout"): {"refresh": "x"},
    ("POST", "auth/password"): {"current_password": PASSWORD, "new_password": "a staple for horses"},
    ("DELETE", "auth/me"): {"password": PASSWORD},
    ("POST", "admin/cache/clear"): {},
    ("POST", "admin/models/refresh"): {},
    ("PUT", "keys/echo"): {"key": "sk-0123456789abcdef"},
    ("POST", "tokens"): {"name": "laptop"},
    ("PATCH", "tokens/{token}"): {"name": "laptop"},
    ("POST", "chat"): {**CHOICE, "message": "hi"},
    ("POST", "chat/stream"): {**CHOICE, "message": "hi"},
    ("PATCH", "messages/{message}"): {"content": "x"},
    ("POST", "messages/{message}/retry"): {},
    ("POST", "messages/{message}/retry/stream"): {},
    ("POST", "messages/{message}/continue"): {},
    ("POST", "messages/{message}/continue/stream"): {},
    ("POST", "compare"): {"prompt": "hi", "models": [CHOICE, CHOICE]},
    ("POST", "compare/stream"): {"prompt": "hi", "models": [CHOICE, CHOICE]},
    ("POST", "conversations"): CHOICE,
    ("PATCH", "conversations/{conversation}"): {"title": "x"},
    ("POST", "comparisons/{comparison}/vote"): {"preferred_index": 0},
    ("POST", "comparisons/{comparison}/analyze"): CHOICE,
}


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_every_endpoint_refuses_them(staff, echo, settings, method, path):
    settings.ALLOW_OPEN_REGISTRATION = True
    row = conversation(staff, messages=2)
    ids = {
        "conversation": row.pk,
        "message": row.messages.earliest("created_at").pk,
        "comparison": comparison(staff).pk,
        "token": create_token(user_id=staff.pk, name="mine")[0].pk,
    }
    body = {**BODIES[method, path], "preferred": 1}
    send = getattr(client_for(staff), method.lower())
    response = send("/api/v1/" + path.format(**ids), body)
    assert (response.status_code, response.json()) == (400, invalid(preferred="Unknown field."))


def test_nested_ones_and_other_problems_are_named_together(api, echo):
    body = {
        **CHOICE,
        "messages": [{"role": "user", "content": "hi", "name": "x"}, {"role": "tool", "content": "hi", "id": 1}],
        "temperature": "hot",
        "top_p": 1,
    }
    details = api.post("/api/v1/chat", body).json()["details"]
    for name in ("messages.0.name", "messages.1.id", "top_p"):
        assert details[name] == ["Unknown field."]
    assert set(details) == {"messages.0.name", "messages.1.id", "messages.1.role", "temperature", "top_p"}


def test_one_in_a_choice_of_models(api, echo):
    body = {"prompt": "hi", "models": [CHOICE, {**CHOICE, "temperature": 1}]}
    response = api.post("/api/v1/compare", body)
    assert (response.status_code, response.json()) == (400, invalid(models__1__temperature="Unknown field."))


def test_an_error_of_the_value_itself_stands(api, echo):
    body = {**CHOICE, "messages": [{"role": "user", "content": "hi", "name": "x"}] * 201}
    details = api.post("/api/v1/chat", body).json()["details"]
    assert details == {"messages": ["Ensure this field has no more than 200 elements."]}


def test_query_parameters_may_have_any_name(api):
    assert api.get("/api/v1/conversations?utm_source=x").status_code == 200
