"""An account that is deleted while its other requests run: they are refused, nothing is left, nothing crashes."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from conversations.models import Comparison, ComparisonResult, Conversation, Message, RepeatableRequest
from llmselect_project.models import LoginSession, RefreshToken
from models_registry.models import APIKey
from tests.helpers import PASSWORD, client_for, conversation, error, free_slots

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = {"provider": "openai", "model": "stub", "message": "hello you there"}
COMPARE = {"prompt": "?", "models": [{"provider": "openai", "model": "stub"}] * 2}
ME = "/api/v1/auth/me"
OWNED = (User, Conversation, Message, Comparison, ComparisonResult, RepeatableRequest, APIKey, LoginSession)
KEY = {"Idempotency-Key": "k"}


def writes(api):
    """Name every way to store something, as what to call."""
    return {
        "chat": lambda: api.post("/api/v1/chat", HELLO),
        "chat with a key": lambda: api.post("/api/v1/chat", HELLO, headers=KEY),
        "chat stream": lambda: api.post("/api/v1/chat/stream", HELLO),
        "compare": lambda: api.post("/api/v1/compare", COMPARE),
        "compare with a key": lambda: api.post("/api/v1/compare", COMPARE, headers=KEY),
        "compare stream": lambda: api.post("/api/v1/compare/stream", COMPARE),
        "conversation": lambda: api.post("/api/v1/conversations", {"provider": "openai", "model": "stub"}),
        "key": lambda: api.put("/api/v1/keys/openai", {"key": "sk-0123456789"}),
        "password": lambda: api.post(
            "/api/v1/auth/password", {"current_password": PASSWORD, "new_password": "another battery"}
        ),
        "account": lambda: api.delete(ME, {"password": PASSWORD}),
    }


def delete_behind_the_cache(user):
    """Delete an account so that who had just been let in stays so, as a request does that is already running."""
    with transaction.atomic():
        for rows in (RefreshToken.objects.all(), LoginSession.objects.all(), User.objects.filter(pk=user.pk)):
            rows._raw_delete(rows.db)  # without signals


@pytest.mark.parametrize("name", writes(None))
def test_what_comes_too_late_is_refused(ann, openai, settings, name):
    api = client_for(ann)
    assert api.get(ME).status_code == 200
    delete_behind_the_cache(ann)
    response = writes(api)[name]()
    assert (response.status_code, response.json()) == (
        401,
        error("token_not_valid", "The token is invalid or expired."),
    )
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert [model.__name__ for model in OWNED if model.objects.exists()] == []
    assert free_slots() == settings.COMPLETION_SLOTS


def test_at_the_same_moment(openai, settings):
    """Many accounts, each deleted while eight requests of every kind write to it."""

    def act(call):
        try:
            response = call()
            if response.streaming:
                b"".join(response.streaming_content)
                response.close()
            return response.status_code
        finally:
            connection.close()

    for number in range(4):
        user = User.objects.create_user(f"user{number}", password=PASSWORD)
        apis = [client_for(user) for _ in range(9)]
        row = conversation(user, messages=2)
        apis[0].get(ME)
        more = {**HELLO, "conversation_id": str(row.pk), "model": "stub?first=0.05"}
        calls = [writes(api)[name] for api, name in zip(apis, writes(None), strict=False)]
        calls += [partial(api.post, "/api/v1/chat", more) for api in apis[:3]]
        calls.insert(number * 3, writes(apis[8])["account"])
        with ThreadPoolExecutor(len(calls)) as threads:
            codes = list(threads.map(act, calls))
        assert codes[number * 3] in (204, 400, 401), codes  # the password may have been changed before
        assert set(codes) <= {200, 201, 204, 400, 401, 404, 409}, codes  # the account takes its answers along
        User.objects.filter(pk=user.pk).delete()
    assert [model.__name__ for model in OWNED if model.objects.exists()] == []
    assert free_slots() == settings.COMPLETION_SLOTS
