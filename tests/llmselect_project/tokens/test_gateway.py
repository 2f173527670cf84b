"""Tokens under /v1: in either header, for the group `v1`, and refused in the shape of the client's protocol."""

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from llmselect_project.models import ApiToken
from llmselect_project.tokens.secret import make_token
from tests.helpers import token_for

pytestmark = pytest.mark.django_db

MODELS, MESSAGES = "/v1/models", "/v1/messages"
CLAUDE = {"anthropic-version": "2023-06-01"}


def get(path, headers):
    response = APIClient().get(path, headers=headers)
    return response.status_code, response.json()


def post(path, headers):
    response = APIClient().post(path, {}, headers=headers)
    return response.status_code, response.json()


def both(token):
    return [{"authorization": f"Bearer {token}"}, {"x-api-key": token}]


def test_it_is_taken_in_either_header(ann, openai):
    for headers in both(token_for(ann, allowed_endpoints=["v1"])):
        assert get(MODELS, headers)[0] == 200
        assert get(MODELS, {**headers, **CLAUDE})[0] == 200


def test_other_keys_are_refused_there(ann, openai):
    for key in ("sk-ant-0123456789", make_token(), "llms_x", "Bearer"):
        assert get(MODELS, {"x-api-key": key})[0] == 401


def test_other_paths_do_not_read_that_header(ann):
    status, body = get("/api/v1/conversations", {"x-api-key": token_for(ann)})
    assert (status, body["error"]) == (401, "not_authenticated")


def test_a_token_for_other_endpoints_is_refused(ann, openai):
    for headers in both(token_for(ann, allowed_endpoints=["chat", "models"])):
        status, body = get(MODELS, headers)
        assert (status, body["error"]["code"]) == (403, "endpoint_not_allowed")
        status, body = post(MESSAGES, {**headers, **CLAUDE})
        assert (status, body["type"], body["error"]["type"]) == (403, "error", "permission_error")


def test_a_token_that_only_reads_lists_models(ann, openai):
    for headers in both(token_for(ann, read_only=True)):
        assert get(MODELS, headers)[0] == 200
        status, body = post("/v1/chat/completions", headers)
        assert (status, body["error"]["code"]) == (403, "read_only_token")


def test_a_revoked_one_is_refused_in_the_protocols_words(ann, openai):
    token = token_for(ann)
    ApiToken.objects.update(revoked_at=timezone.now())
    for headers in both(token):
        status, body = get(MODELS, headers)
        assert (status, body["error"]["code"]) == (401, "invalid_api_key")
        status, body = post(MESSAGES, {**headers, **CLAUDE})
        assert (status, body["error"]["type"]) == (401, "authentication_error")
