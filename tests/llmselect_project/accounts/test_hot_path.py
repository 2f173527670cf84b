"""Authentication at every request: free of queries, yet nobody gets in who should not."""

import uuid
from datetime import timedelta

import jwt
import pytest
from rest_framework_simplejwt.tokens import AccessToken

from llmselect_project.models import LoginSession
from tests.helpers import client_with, error, login

pytestmark = pytest.mark.django_db(transaction=True)

ME = "/api/v1/auth/me"
NOT_VALID = error("token_not_valid", "The token is invalid or expired.")


@pytest.fixture
def warm(api):
    """Ann's client with her state in the cache."""
    assert api.get(ME).status_code == 200
    return api


def assert_shut_out(client):
    response = client.get(ME)
    assert (response.status_code, response.json()) == (401, NOT_VALID)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def forged(key="another key " * 6, algorithm="HS256", **claims):
    payload = jwt.decode(login()["access"], options={"verify_signature": False})
    return client_with(jwt.encode({**payload, **claims}, key, algorithm=algorithm))


def test_it_costs_no_query(warm, django_assert_num_queries):
    with django_assert_num_queries(0):
        warm.get(ME)


def test_it_costs_one_query_when_nothing_is_cached(api, django_assert_num_queries):
    with django_assert_num_queries(1):
        api.get(ME)


def test_a_deactivated_user_is_shut_out_at_once(warm, ann):
    ann.is_active = False
    ann.save()
    assert_shut_out(warm)


def test_a_reactivated_user_is_let_in_at_once(warm, ann):
    ann.is_active = False
    ann.save()
    assert_shut_out(warm)
    ann.is_active = True
    ann.save()
    assert warm.get(ME).status_code == 200


def test_a_deleted_user_is_shut_out_at_once(warm, ann):
    ann.delete()
    assert_shut_out(warm)


def test_a_user_deleted_with_a_queryset_is_shut_out_at_once(warm, ann):
    type(ann).objects.filter(pk=ann.pk).delete()
    assert_shut_out(warm)


def test_a_password_changed_in_the_admin_shuts_out_at_once(warm, ann):
    ann.set_password("a staple for the battery")
    ann.save()
    assert_shut_out(warm)


def test_a_session_ended_in_the_admin_is_over_at_once(warm, ann):
    LoginSession.objects.get(user=ann).delete()
    assert_shut_out(warm)


def test_a_session_ended_with_a_queryset_is_over_at_once(warm, ann):
    LoginSession.objects.filter(user=ann).delete()
    assert_shut_out(warm)


@pytest.mark.django_db
def test_a_token_for_another_users_session(ann, bob):
    token = AccessToken(login()["access"])
    token["user_id"] = str(bob.pk)
    assert_shut_out(client_with(str(token)))


@pytest.mark.parametrize(
    "token",
    ["", "nonsense", "a.b.c", "é", "\xff", "x" * 5000, "e30.e30.e30", "null", "a b"],
    ids=lambda token: token[:9],
)
def test_malformed_tokens(token):
    assert_shut_out(client_with(token))


@pytest.mark.django_db
def test_an_expired_token(ann):
    token = AccessToken(login()["access"])
    token.set_exp(lifetime=timedelta(seconds=-1))
    assert_shut_out(client_with(str(token)))


@pytest.mark.django_db
def test_a_refresh_token_is_no_access_token(ann):
    assert_shut_out(client_with(login()["refresh"]))


@pytest.mark.django_db
def test_a_token_signed_with_another_key(ann):
    assert_shut_out(forged())


@pytest.mark.django_db
def test_a_token_that_is_not_signed(ann):
    assert_shut_out(forged(key=None, algorithm="none"))


@pytest.mark.django_db
def test_a_token_signed_with_another_algorithm(ann, settings):
    assert_shut_out(forged(key=settings.SECRET_KEY, algorithm="HS384"))


@pytest.mark.django_db
@pytest.mark.parametrize("claims", [{"sid": "nonsense"}, {"sid": str(uuid.UUID(int=1))}, {"user_id": "x"}])
def test_claims_that_name_nothing(ann, settings, claims):
    assert_shut_out(forged(key=settings.SECRET_KEY, **claims))


@pytest.mark.django_db
@pytest.mark.parametrize("claim", ["sid", "user_id"])
def test_claims_that_are_missing(ann, claim):
    token = AccessToken(login()["access"])
    del token.payload[claim]
    assert_shut_out(client_with(str(token)))


@pytest.mark.django_db
def test_no_credentials(visitor):
    response = visitor.get(ME)
    assert response.status_code == 401
    assert response.json() == error("not_authenticated", "Authentication credentials were not provided.")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.django_db
def test_another_scheme_is_no_credentials(visitor):
    visitor.credentials(HTTP_AUTHORIZATION="Basic YW5uOmFubg==")
    assert visitor.get(ME).json()["error"] == "not_authenticated"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/models", "/health", "/health/live", "/api/schema", "/api/docs"])
def test_an_expired_authorization_does_not_block_public_endpoints(db, path):
    assert client_with("expired").get(path).status_code == 200


def test_a_broken_cache_does_not_lock_out(warm, ann, settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    }
    assert warm.get(ME).status_code == 200
