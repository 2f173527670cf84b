"""Authentication by API token: free of queries, and refused from the moment it is no longer right."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from django.urls import path
from django.utils import timezone
from redis import ConnectionError as RedisConnectionError
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from llmselect_project.accounts.sessions import change_password
from llmselect_project.models import ApiToken
from llmselect_project.tokens import state
from llmselect_project.tokens.secret import make_token
from perf.api.access import Access, access_of
from perf.caching.outage import outage
from tests.helpers import cache_state, client_for, client_with, conversation, error, eventually, token_for

pytestmark = pytest.mark.django_db(transaction=True)

ME, LIST = "/api/v1/auth/me", "/api/v1/conversations"
NOT_VALID = error("token_not_valid", "The token is invalid or expired.")


@pytest.fixture
def holder(ann) -> APIClient:
    """Make a client with a token of Ann's, whose state is in the cache."""
    client = client_with(token_for(ann))
    assert client.get(ME).status_code == 200
    return client


def assert_refused(client, path=ME):
    response = client.get(path)
    assert (response.status_code, response.json()) == (401, NOT_VALID)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_it_is_its_users(holder, ann):
    assert holder.get(ME).json() == {"id": ann.pk, "username": "ann", "is_staff": False}


def test_it_costs_no_query(holder, ann, django_assert_num_queries):
    conversation(ann)
    assert [cache_state(holder, LIST) for _ in range(2)] == ["miss", "hit"]
    for path_ in (ME, LIST):
        with django_assert_num_queries(0):
            assert holder.get(path_).status_code == 200


def test_a_worker_that_knows_it_asks_once_when_nothing_is_cached(holder, ann, django_assert_num_queries):
    User.objects.get(pk=ann.pk).save()
    with django_assert_num_queries(1):
        holder.get(ME)


def test_a_worker_that_sees_it_for_the_first_time_also_asks_whose_it_is(ann, django_assert_num_queries):
    client = client_with(token_for(ann))
    with django_assert_num_queries(2):
        client.get(ME)
    state._owners.clear()  # as in another worker, whose cache is the same
    with django_assert_num_queries(1):
        client.get(ME)


def test_a_worker_remembers_a_limited_number(ann, monkeypatch):
    monkeypatch.setattr(state, "SEEN", 3)
    clients = [client_with(token_for(ann, name=str(number))) for number in range(5)]
    for client in clients * 2:
        assert client.get(ME).status_code == 200
    assert len(state._owners) <= 3


def test_without_a_cache_it_takes_a_query(holder, django_assert_num_queries):
    outage.failed(RedisConnectionError("gone"))
    with django_assert_num_queries(1):
        assert holder.get(ME).status_code == 200


ENDS = {
    "revoked": lambda token: ApiToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now()),
    "revoked by a save": lambda token: ApiToken(
        **{**vars_of(token), "revoked_at": timezone.now()},
    ).save(force_update=True),
    "deleted": lambda token: token.delete(),
    "deleted by a queryset": lambda token: ApiToken.objects.filter(pk=token.pk).delete(),
    "expired": lambda token: ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now()),
    "its user deactivated": lambda token: User.objects.filter(pk=token.user_id).update(is_active=False),
    "its user deleted": lambda token: token.user.delete(),
}


def vars_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_at_once(holder, end):
    ENDS[end](ApiToken.objects.get())
    assert_refused(holder)
    assert_refused(holder)


def test_a_refused_one_costs_no_query_either(holder, django_assert_num_queries):
    ApiToken.objects.update(revoked_at=timezone.now())
    assert_refused(holder)
    with django_assert_num_queries(0):
        assert_refused(holder)


def test_it_expires_while_it_is_cached(ann):
    client = client_with(token_for(ann, expires_at=timezone.now() + timedelta(seconds=1.5)))
    assert client.get(ME).status_code == 200
    assert eventually(lambda: client.get(ME).status_code == 401, seconds=6)
    assert_refused(client)


def test_a_reactivated_user_can_go_on(holder, ann):
    for active, code in ((False, 401), (True, 200)):
        User.objects.filter(pk=ann.pk).update(is_active=active)
        assert holder.get(ME).status_code == code


def test_a_new_password_does_not_end_it(holder, ann):
    change_password(user=ann, password="a staple for horses", keep=None)
    assert holder.get(ME).status_code == 200


def test_one_that_is_given_away_is_the_others(holder, bob):
    ApiToken.objects.update(user=bob)
    assert [holder.get(ME).json()["username"] for _ in range(2)] == ["bob", "bob"]


@pytest.mark.parametrize("token", ["llms_", "llms_x", "llms_" + "0" * 36, "llms_é", "llms_" + "x" * 5000, "llms_ x"])
def test_a_malformed_one_is_refused_before_it_is_looked_up(db, token, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert_refused(client_with(token))


def test_an_unknown_one(db):
    assert_refused(client_with(make_token()))


def test_blanks_around_it_and_the_case_of_the_scheme_do_not_matter(ann):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"bearer  {token_for(ann)} ")
    assert client.get(ME).status_code == 200


def test_a_session_still_works_beside_it(holder, ann):
    assert client_for(ann).get(ME).status_code == 200


class Whose(APIView):
    """Says what a view is told of the request's rights."""

    def get(self, request):
        access = access_of(request)
        return Response([access.user_id, str(access.token_id), access.rate_limit, access.may_use("openai/gpt-5")])


urlpatterns = [path("v1/whose", Whose.as_view())]


def ask(path_, **headers):
    with override_settings(ROOT_URLCONF=__name__):
        return APIClient().get(path_, headers=headers)


def test_a_view_is_told_of_the_limits(ann):
    token = token_for(ann, rate_limit="5/minute", allowed_models=["openai/*"])
    pk = str(ApiToken.objects.get().pk)
    assert ask("/v1/whose", authorization=f"Bearer {token}").json() == [ann.pk, pk, "5/minute", True]


def test_a_session_has_no_limits(ann):
    authorization = client_for(ann)._credentials["HTTP_AUTHORIZATION"]
    assert ask("/v1/whose", authorization=authorization).json() == [ann.pk, "None", None, True]


@pytest.mark.parametrize(
    ("patterns", "model", "allowed"),
    [
        (None, "openai/gpt-5", True),
        ((), "openai/gpt-5", False),
        (("openai/*",), "openai/gpt-5", True),
        (("openai/*",), "openai-eu/gpt-5", False),
        (("openai/gpt-5",), "openai/gpt-5", True),
        (("openai/gpt-5",), "openai/gpt-5-mini", False),
        (("openai/gpt-5*",), "openai/gpt-5-mini", True),
        (("openai/gpt-5",), "openai/GPT-5", False),
        (("a/b", "openrouter/meta/*"), "openrouter/meta/llama:free", True),
        (("openai/g.t-5", "openai/[g]pt-5", "openai/gpt-?"), "openai/gpt-5", False),
    ],
)
def test_which_models_patterns_allow(patterns, model, allowed):
    assert Access(1, allowed_models=patterns).may_use(model) is allowed
