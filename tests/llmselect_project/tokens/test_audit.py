"""The audit log: who made, changed and revoked tokens, and which were refused; never a token itself."""

import logging

import pytest
from django.utils import timezone

from llmselect_project.models import ApiToken
from llmselect_project.tokens.secret import make_token
from models_registry.models import Alias
from perf.serving import audit
from perf.serving.logs import JsonFormatter, json_logging
from tests.helpers import client_with, token_for

pytestmark = pytest.mark.django_db(transaction=True)

API, TOKENS = "/api/v1", "/api/v1/tokens"


@pytest.fixture(autouse=True)
def nothing_suppressed():
    audit._refusals.clear()


def lines(caplog):
    return [record for record in caplog.records if record.name == "audit"]


def reasons(caplog):
    return [record.reason for record in lines(caplog)]


def test_what_its_owner_does(api, ann, caplog):
    made = api.post(TOKENS, {"name": "my laptop", "rate_limit": "5/min", "read_only": True}).json()
    api.patch(f"{TOKENS}/{made['id']}", {"allowed_models": ["openai/*"]})
    api.patch(f"{TOKENS}/{made['id']}", {})
    for _ in range(2):
        api.delete(f"{TOKENS}/{made['id']}")
    told = lines(caplog)
    assert [(line.levelname, line.getMessage()) for line in told] == [
        ("INFO", "token created"),
        ("INFO", "token changed"),
        ("INFO", "token revoked"),
    ]
    for line in told:
        assert (str(line.token_id), line.prefix, line.user_id, line.by) == (
            made["id"],
            made["prefix"],
            ann.pk,
            ann.pk,
        )
    assert [line.allowed_models for line in told] == [None, ["openai/*"], ["openai/*"]]
    text = "\n".join(JsonFormatter().format(line) for line in told)
    assert '"rate_limit": "5/minute"' in text
    for secret in (made["token"], made["token"][-20:], ApiToken.objects.get().digest, "my laptop"):
        assert secret not in text


def test_nothing_is_logged_of_what_was_refused_to_be_made(api, caplog):
    api.post(TOKENS, {"name": ""})
    assert lines(caplog) == []


def test_why_a_token_is_refused(ann, openai, caplog):
    token = token_for(ann, allowed_models=["echo/*"], allowed_endpoints=["chat"])
    caplog.clear()
    client = client_with(token)
    assert client.get(f"{API}/auth/me").status_code == 200
    client.get(TOKENS)
    client.get(f"{API}/conversations")
    client.post(f"{API}/chat", {"provider": "openai", "model": "stub", "message": "hi"})
    ApiToken.objects.update(read_only=True)
    client.post(f"{API}/chat", {})
    ApiToken.objects.update(expires_at=timezone.now())
    client.get(f"{API}/auth/me")
    ApiToken.objects.update(revoked_at=timezone.now())
    client.get(f"{API}/auth/me")
    ApiToken.objects.update(revoked_at=None, expires_at=None)
    type(ann).objects.update(is_active=False)
    client.get(f"{API}/auth/me")
    assert reasons(caplog) == [
        "not_allowed_for_tokens",
        "endpoint_not_allowed",
        "model_not_allowed",
        "read_only_token",
        "expired",
        "revoked",
        "user deactivated",
    ]
    pk = ApiToken.objects.get().pk
    assert {(line.levelname, line.getMessage(), line.token_id) for line in lines(caplog)} == {
        ("WARNING", "token refused", pk)
    }
    assert token not in caplog.text + repr([vars(line) for line in lines(caplog)])


def test_what_is_no_token_of_ours(db, caplog):
    unknown = make_token()
    for text in (unknown, "llms_nonsense", unknown[:-1]):
        client_with(text).get(f"{API}/auth/me", REMOTE_ADDR="10.1.2.3")
    assert reasons(caplog) == ["unknown", "malformed", "malformed"]
    assert [line.prefix for line in lines(caplog)] == [unknown[:11], "llms_nonsen", unknown[:11]]
    assert {(line.address, line.token_id) for line in lines(caplog)} == {("10.1.2.3", None)}
    assert unknown not in repr([vars(line) for line in lines(caplog)])


def test_a_client_that_goes_on_asking_does_not_fill_the_disk(ann, caplog, monkeypatch):
    client = client_with(make_token())
    for _ in range(20):
        client.get(f"{API}/auth/me")
    assert reasons(caplog) == ["unknown"]
    monkeypatch.setattr(audit, "INTERVAL", 0.0)
    client.get(f"{API}/auth/me")
    assert [getattr(line, "suppressed", None) for line in lines(caplog)] == [None, 19]


def test_it_remembers_a_limited_number_of_refusals(monkeypatch):
    monkeypatch.setattr(audit, "MAX_KINDS", 5)
    for number in range(20):
        audit.refuse_token("unknown", prefix=str(number))
    assert len(audit._refusals) <= 6


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_it_is_written_whatever_the_level_of_the_log(level):
    assert json_logging(level)["loggers"]["audit"] == {"level": "INFO"}
    assert logging.getLogger("audit").propagate


def test_a_refused_model_is_told_where_no_other_answers(ann, openai, anthropic, caplog):
    client = client_with(token_for(ann, allowed_models=["openai/*"]))
    asked = {"model": "fast", "messages": [{"role": "user", "content": "hi"}]}
    Alias.objects.create(name="fast", candidates=["anthropic/stub", "openai/stub"])
    assert client.post("/v1/chat/completions", asked).status_code == 200
    assert [line.getMessage() for line in lines(caplog)] == ["token created"]
    Alias.objects.update(candidates=["anthropic/stub"])
    caplog.clear()
    assert client.post("/v1/chat/completions", asked).status_code == 403
    assert reasons(caplog) == ["model_not_allowed"]
