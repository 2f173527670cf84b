"""/api/v1/tokens: made, listed, shown, changed and revoked by their owner."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from llmselect_project.models import ApiToken
from llmselect_project.tokens.secret import digest_of, is_genuine
from llmselect_project.tokens.service import KEPT, MAX_TOKENS
from tests.helpers import client_for, client_with, closing_connection, error, invalid, token_for

pytestmark = pytest.mark.django_db

TOKENS, ME = "/api/v1/tokens", "/api/v1/auth/me"
NO_LIMITS = {"allowed_models": None, "allowed_endpoints": None, "read_only": False, "rate_limit": None}
LIMITS = {
    "allowed_models": ["openai/*", "anthropic/claude-sonnet-4-5"],
    "allowed_endpoints": ["chat", "v1"],
    "read_only": True,
    "rate_limit": "60/minute",
}
NOT_FOUND = error("not_found", "Not found.")


def make(api, name="laptop", **fields):
    response = api.post(TOKENS, {"name": name, **fields})
    assert response.status_code == 201, response.content
    return response.json()


def names(api):
    return [row["name"] for row in api.get(TOKENS).json()["results"]]


def test_it_is_shown_once(api, ann):
    response = api.post(TOKENS, {"name": "laptop"})
    made, row = response.json(), ApiToken.objects.get()
    assert (response.status_code, response.headers["Cache-Control"]) == (201, "no-store")
    token = made.pop("token")
    assert is_genuine(token)
    shown = {
        "id": str(row.pk),
        "name": "laptop",
        "prefix": token[:11],
        "state": "active",
        **NO_LIMITS,
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
        "expires_at": None,
        "last_used_at": None,
    }
    assert made == shown
    assert (row.user, row.digest) == (ann, digest_of(token))
    assert api.get(TOKENS).json() == {"next": None, "previous": None, "results": [shown]}
    assert api.get(f"{TOKENS}/{row.pk}").json() == shown
    assert token not in repr(ApiToken.objects.values())


def test_it_has_the_limits_that_were_asked_for(api):
    moment = (timezone.now() + timedelta(days=30)).replace(microsecond=0)
    made = make(api, **{**LIMITS, "rate_limit": "60/min"}, expires_at=moment.isoformat())
    assert {name: made[name] for name in LIMITS} == LIMITS
    assert made["expires_at"] == moment.isoformat().replace("+00:00", "Z")


def test_what_is_listed_twice_counts_once(api):
    made = make(api, allowed_models=["a/b", "a/*", "a/b"], allowed_endpoints=["chat", "chat"])
    assert (made["allowed_models"], made["allowed_endpoints"]) == (["a/b", "a/*"], ["chat"])


def test_name_and_limits_can_be_changed(api):
    made = make(api)
    made.pop("token")
    assert api.patch(f"{TOKENS}/{made['id']}", LIMITS).json() == {**made, **LIMITS}
    changed = api.patch(f"{TOKENS}/{made['id']}", {"name": " old   laptop ", "allowed_models": None})
    assert changed.json() == {**made, **LIMITS, "name": "old laptop", "allowed_models": None}
    assert api.patch(f"{TOKENS}/{made['id']}", {}).json() == changed.json() == api.get(f"{TOKENS}/{made['id']}").json()


def test_the_end_and_the_secret_cannot_be_changed(api):
    made = make(api)
    for field in ("expires_at", "token", "prefix", "id", "last_used_at"):
        response = api.patch(f"{TOKENS}/{made['id']}", {field: None})
        assert (response.status_code, response.json()) == (400, invalid(**{field: "Unknown field."}))


def test_it_is_revoked_once(api):
    made = make(api)
    holder = client_with(made["token"])
    assert holder.get(ME).status_code == 200
    assert api.delete(f"{TOKENS}/{made['id']}").status_code == 204
    assert holder.get(ME).status_code == 401
    for method in ("get", "patch", "delete"):
        response = getattr(api, method)(f"{TOKENS}/{made['id']}", {} if method == "patch" else None)
        assert (response.status_code, response.json()) == (404, NOT_FOUND)
    assert names(api) == []
    assert ApiToken.objects.get().state == "revoked"


def test_an_expired_one_is_listed_and_can_be_revoked(api):
    made = make(api)
    ApiToken.objects.update(expires_at=timezone.now())
    assert api.get(TOKENS).json()["results"][0]["state"] == "expired"
    assert api.delete(f"{TOKENS}/{made['id']}").status_code == 204


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_somebody_elses_is_not_found(api, bob, bob_api, staff, method):
    made = make(bob_api)
    for client in (api, client_for(staff)):
        response = getattr(client, method)(f"{TOKENS}/{made['id']}", {} if method == "patch" else None)
        assert (response.status_code, response.json()) == (404, NOT_FOUND)
        assert names(client) == []
    assert names(bob_api) == ["laptop"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "This field may not be blank."),
        ("name", " \t ", "This field may not be blank."),
        ("name", "x" * 101, "Ensure this field has no more than 100 characters."),
        ("name", "x" * 1_000_000, "Ensure this field has no more than 100 characters."),
        ("name", 1, "Not a valid string."),
        ("name", None, "This field may not be null."),
        ("name", "a\0b", "Null characters are not allowed."),
        ("expires_at", "2020-01-01T00:00:00Z", "Must be in the future."),
        ("read_only", "yes", "Must be a valid boolean."),
        ("rate_limit", "60", "Must look like 60/min, with 9999 at most."),
        ("rate_limit", "0/min", "Must look like 60/min, with 9999 at most."),
        ("rate_limit", "10000/min", "Must look like 60/min, with 9999 at most."),
        ("rate_limit", "off", "Must look like 60/min, with 9999 at most."),
        ("rate_limit", "٦/min", "Must look like 60/min, with 9999 at most."),
        ("allowed_models", [], "Ensure this field has at least 1 elements."),
        ("allowed_models", ["a/b"] * 101, "Ensure this field has no more than 100 elements."),
        ("allowed_endpoints", [], "Ensure this field has at least 1 elements."),
        ("allowed_endpoints", ["tokens"], None),
        ("allowed_models", "openai/*", None),
        ("allowed_models", ["openai"], None),
        ("allowed_models", ["*"], None),
        ("allowed_models", ["openai/*-mini"], None),
        ("allowed_models", ["openai/gpt 5"], None),
        ("allowed_models", [None], None),
        ("expires_at", "tomorrow", None),
        ("expires_at", 9e99, None),
        ("expires_at", "0001-01-01T00:00:00+14:00", None),
        ("expires_at", "9999-12-31T23:59:59-14:00", None),
        ("user", 1, "Unknown field."),
        ("digest", "x", "Unknown field."),
    ],
)
def test_bad_input(api, field, value, sentence):
    response = api.post(TOKENS, {"name": "laptop", field: value})
    assert response.status_code == 400
    details = response.json()["details"]
    assert {name.partition(".")[0] for name in details} == {field}
    assert sentence is None or details == {field: [sentence]}
    assert not ApiToken.objects.exists()


def test_names_are_ones_own_and_used_once(api, bob_api):
    taken = invalid(name="You have a token of this name.")
    first, second = make(api), make(api, "phone")
    assert make(bob_api)["name"] == "laptop"
    for name in ("laptop", " laptop "):
        response = api.post(TOKENS, {"name": name})
        assert (response.status_code, response.json()) == (400, taken)
    response = api.patch(f"{TOKENS}/{second['id']}", {"name": "laptop"})
    assert (response.status_code, response.json()) == (400, taken)
    assert api.patch(f"{TOKENS}/{first['id']}", {"name": "laptop"}).status_code == 200
    api.delete(f"{TOKENS}/{first['id']}")
    assert make(api)["name"] == "laptop"


def test_there_is_an_end_to_how_many(api, ann, bob_api):
    tokens = [ApiToken(user=ann, name=f"{number}", digest=f"{number}") for number in range(MAX_TOKENS)]
    ApiToken.objects.bulk_create(tokens)
    response = api.post(TOKENS, {"name": "one more"})
    sentence = "You have 50 tokens; revoke one first."
    assert (response.status_code, response.json()) == (400, invalid(non_field_errors=sentence))
    make(bob_api)
    api.delete(f"{TOKENS}/{tokens[0].pk}")
    make(api, "one more")


@pytest.mark.django_db(transaction=True)
def test_the_end_and_the_names_hold_for_all_who_come_at_once(ann):
    ApiToken.objects.bulk_create(ApiToken(user=ann, name=f"{n}", digest=f"{n}") for n in range(MAX_TOKENS - 2))
    barrier = threading.Barrier(8)

    def race(number):
        client = client_for(ann)
        barrier.wait(10)
        return client.post(TOKENS, {"name": f"new {number % 4}"}).status_code

    with ThreadPoolExecutor(8) as threads:
        codes = sorted(threads.map(lambda number: closing_connection(lambda: race(number)), range(8)))
    assert codes == [201, 201] + [400] * 6
    assert ApiToken.objects.filter(name__startswith="new").count() == 2


@pytest.mark.parametrize("rows", [1, 100])
def test_queries(api, ann, django_assert_num_queries, rows):
    ApiToken.objects.bulk_create(ApiToken(user=ann, name=f"{number}", digest=f"{number}") for number in range(rows))
    pk = ApiToken.objects.latest("name").pk
    api.get(ME)
    authentication = 1  # for what is cached is not asked in the transaction of a test
    with django_assert_num_queries(authentication + 1):
        assert len(api.get(f"{TOKENS}?page_size=100").json()["results"]) == rows
    with django_assert_num_queries(authentication + 1):
        api.get(f"{TOKENS}/{pk}")


def test_pages(api, ann):
    now = timezone.now()
    ApiToken.objects.bulk_create(
        ApiToken(user=ann, name=f"{number}", digest=f"{number}", created_at=now - timedelta(seconds=number // 2))
        for number in range(5)
    )
    read, link = [], f"{TOKENS}?page_size=2"
    while link:
        page = api.get(link).json()
        read.append({row["name"] for row in page["results"]})
        link = page["next"]
    assert [len(page) for page in read] == [2, 2, 1]
    assert set.union(*read) == {"0", "1", "2", "3", "4"}
    assert api.get(f"{TOKENS}?cursor=x").json() == invalid(cursor="Not a cursor of this list.")


@pytest.mark.django_db(transaction=True)
def test_the_row_is_deleted_a_year_later(api, capsys):
    old, expired, new = (make(api, name)["id"] for name in ("old", "expired", "new"))
    for pk in (old, new):
        api.delete(f"{TOKENS}/{pk}")
    past = timezone.now() - KEPT - timedelta(seconds=1)
    ApiToken.objects.filter(pk=old).update(revoked_at=past)
    ApiToken.objects.filter(pk=expired).update(expires_at=past)
    call_command("prune")
    assert capsys.readouterr().out == "Deleted 2 expired rows.\n"
    assert [str(pk) for pk in ApiToken.objects.values_list("pk", flat=True)] == [new]


def test_a_browser_can_make_one_too(client, ann):
    client.force_login(ann)
    assert client.post(TOKENS, {"name": "laptop"}, content_type="application/json").status_code == 201


def test_a_token_cannot_make_another(ann):
    holder = client_with(token_for(ann))
    refused = error("not_allowed_for_tokens", "No API token may do this; log in for it.")
    pk = ApiToken.objects.get().pk
    for method, path in (("get", TOKENS), ("post", TOKENS), ("patch", f"{TOKENS}/{pk}"), ("delete", f"{TOKENS}/{pk}")):
        response = getattr(holder, method)(path)
        assert (response.status_code, response.json()) == (403, refused)
