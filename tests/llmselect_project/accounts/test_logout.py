"""POST /auth/logout."""

import pytest

from tests.helpers import client_with, error, login

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/logout"
ME = "/api/v1/auth/me"
NOT_VALID = error("token_not_valid", "The token is invalid or expired.")


def test_it_ends_the_access_tokens_at_once(ann, visitor):
    pair = login()
    api = client_with(pair["access"])
    assert api.get(ME).status_code == 200  # and now the user state is cached
    response = visitor.post(URL, {"refresh": pair["refresh"]})
    assert (response.status_code, response.content) == (204, b"")
    assert (api.get(ME).status_code, api.get(ME).json()) == (401, NOT_VALID)


def test_it_ends_the_refresh_token(ann, visitor):
    pair = login()
    visitor.post(URL, {"refresh": pair["refresh"]})
    assert visitor.post("/api/v1/auth/refresh", {"refresh": pair["refresh"]}).json() == NOT_VALID


def test_it_ends_all_that_the_session_was_given(ann, visitor):
    first = login()
    second = visitor.post("/api/v1/auth/refresh", {"refresh": first["refresh"]}).json()
    visitor.post(URL, {"refresh": first["refresh"]})
    assert client_with(second["access"]).get(ME).status_code == 401


def test_twice_is_fine(ann, visitor):
    pair = login()
    assert [visitor.post(URL, {"refresh": pair["refresh"]}).status_code for _ in range(2)] == [204, 204]


def test_other_sessions_go_on(ann, visitor):
    here, there = login(), login()
    visitor.post(URL, {"refresh": here["refresh"]})
    assert client_with(there["access"]).get(ME).status_code == 200


def test_a_token_that_is_not_ours(visitor):
    response = visitor.post(URL, {"refresh": "nonsense"})
    assert (response.status_code, response.json()) == (401, NOT_VALID)


def test_an_expired_authorization_does_not_block_it(ann):
    assert client_with("expired").post(URL, {"refresh": login()["refresh"]}).status_code == 204
