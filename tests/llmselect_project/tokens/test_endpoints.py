"""Which endpoints a token may use: every route of the API, by what a token is limited to."""

import pytest
from django.core.management import call_command

from conversations.models import Comparison, Conversation
from llmselect_project.tokens.endpoints import GROUPS, READ_ONLY, group_of
from tests.helpers import PASSWORD, client_with, conversation, error, token_for
from tests.security.access_table import METHODS, TABLE
from tests.security.routes import path_of

pytestmark = pytest.mark.django_db

API = "/api/v1"
SAFE = ("GET", "HEAD", "OPTIONS")
NEVER = error("not_allowed_for_tokens", "No API token may do this; log in for it.")
ONLY_READS = error("read_only_token", "This token may only read.")
# The routes that read no credentials, whatever is sent.
PUBLIC = {
    "api/v1",
    "api/v1/",
    "api/v1/auth/register",
    "api/v1/auth/login",
    "api/v1/auth/refresh",
    "api/v1/auth/logout",
    "api/v1/models",
    "api/v1/models/<slug:provider>/<path:model_id>",
}
ROUTES = sorted(route for route in TABLE if route.startswith("api/v1") and route not in PUBLIC)
IDS = {"pk": "01a1fc02-1403-77e4-b9eb-0a7fbeb6d59f", "provider": "echo", "model_id": "echo-fast"}
OF = {
    "chat": {
        "chat",
        "chat/stream",
        "chat/streams/*",
        "chat/streams/*/stop",
        "messages/*",
        "messages/*/retry",
        "messages/*/retry/stream",
        "messages/*/continue",
        "messages/*/continue/stream",
        "select",
        "selection/settings",
    },
    "compare": {
        "compare",
        "compare/stream",
        "compare/streams/*",
        "compare/streams/*/stop",
        "comparisons",
        "comparisons/*",
        "comparisons/*/analyze",
        "comparisons/*/vote",
        "leaderboard",
        "leaderboard/pairs",
        "prompt-sets",
        "prompt-sets/*",
        "replays",
        "replays/*",
        "replays/*/cancel",
        "replays/*/table",
    },
    "conversations": {
        "conversations",
        "conversations/*",
        "conversations/*/messages",
        "conversations/*/export",
        "conversations/*/share",
        "shares",
        "shares/*",
        "imports",
        "imports/*",
        "imports/*/cancel",
    },
    "files": {"files", "files/*", "files/*/content"},
    "export": {"export"},
    "models": {"models/*/*/history"},
    "keys": {"keys", "keys/system", "keys/*"},
    "usage": {"usage", "budgets", "budgets/*"},
    "admin": {
        "admin/cache/clear",
        "admin/cache/stats",
        "admin/models/refresh",
        "admin/health/detailed",
        "admin/perf/requests",
        "admin/perf/queries",
        "admin/perf/caches",
    },
    None: {"tokens", "tokens/*", "auth/password", "auth/me"},
}


def short(route):
    """Write a route without its beginning, and its places as stars."""
    return "/".join("*" if part.startswith("<") else part for part in route.split("/")[2:])


def refusal(client, method, route):
    """Ask for a route; return the code of a refusal that is the token's, None if there is none."""
    response = client.generic(method, path_of(route, **IDS), "{}", content_type="application/json")
    if response.streaming:
        response.getvalue()  # to its end, where it frees what it holds
    if response.status_code != 403 or method == "HEAD":
        return response.status_code if response.status_code == 403 else None
    return response.json()["error"]


def test_every_route_has_its_group():
    groups = {}
    for route in ROUTES:
        groups.setdefault(group_of(route), set()).add(short(route))
    assert groups == OF
    assert group_of("v1/chat/completions") == "v1"
    assert group_of("api/v1/nothing") is group_of("admin/") is group_of("") is group_of("health") is None


@pytest.mark.parametrize("route", ROUTES)
def test_a_token_without_limits(staff, echo, route):
    """It may do what its user may, but for what needs a login and what is for staff."""
    client = client_with(token_for(staff))
    group, own = group_of(route), short(route) == "auth/me"
    for method in METHODS[:-1]:
        safe, expected = method in SAFE, None
        if (group is None and not (own and safe)) or (group in READ_ONLY and not safe):
            expected = "not_allowed_for_tokens"
        elif group == "admin":
            expected = "endpoint_not_allowed"
        told = refusal(client, method, route)
        assert (method, told) == (method, 403 if expected and method == "HEAD" else expected)


@pytest.mark.parametrize("group", [group for group in OF if group])
def test_a_token_for_one_group(staff, echo, group):
    client = client_with(token_for(staff, allowed_endpoints=[group]))
    for other, routes in OF.items():
        for route in (each for each in ROUTES if short(each) in routes):
            allowed = {"not_allowed_for_tokens"} if other is None else {"endpoint_not_allowed"}
            if short(route) == "auth/me" or other == group:
                allowed = {None}
            assert {refusal(client, "GET", route)} == allowed, route


@pytest.mark.parametrize("route", ROUTES)
def test_a_token_that_only_reads(staff, echo, route):
    client = client_with(token_for(staff, read_only=True, allowed_endpoints=list(GROUPS)))
    codes = {method: refusal(client, method, route) for method in ("GET", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")}
    if group_of(route) is None:
        assert {codes["POST"], codes["DELETE"]} == {"not_allowed_for_tokens"}
    else:
        assert codes["GET"] is codes["OPTIONS"] is None
        only = "not_allowed_for_tokens" if group_of(route) in READ_ONLY else "read_only_token"
        assert {codes[method] for method in ("POST", "PUT", "PATCH", "DELETE")} == {only}


def test_the_refusals_say_what_is_missing(ann, echo):
    limited = client_with(token_for(ann, allowed_endpoints=["chat"], read_only=True))
    lacking = error(
        "endpoint_not_allowed",
        "This token may not use the endpoints of the group conversations.",
        {"endpoints": "conversations"},
    )
    assert limited.get(f"{API}/conversations").json() == lacking
    assert limited.post(f"{API}/chat", {}).json() == ONLY_READS
    assert limited.post(f"{API}/auth/password", {}).json() == NEVER


def test_what_is_refused_does_not_happen(ann, echo):
    row, comparison = conversation(ann), Comparison.objects.create(user=ann, prompt="hi")
    client = client_with(token_for(ann, read_only=True))
    assert client.delete(f"{API}/conversations/{row.pk}").status_code == 403
    assert client.delete(f"{API}/comparisons/{comparison.pk}").status_code == 403
    assert client.delete(f"{API}/auth/me", {"password": PASSWORD}).json() == NEVER
    body = {"current_password": PASSWORD, "new_password": "a staple for horses"}
    assert client.post(f"{API}/auth/password", body).json() == NEVER
    assert client.put(f"{API}/keys/echo", {"key": "sk-0123456789abcdef"}).json() == NEVER
    assert (Conversation.objects.count(), Comparison.objects.count()) == (1, 1)
    assert ann.check_password(PASSWORD)


def test_staff_must_name_what_is_for_staff(ann, staff):
    for user, code in ((staff, 200), (ann, 403)):
        client = client_with(token_for(user, allowed_endpoints=["admin"]))
        assert client.get(f"{API}/admin/cache/stats").status_code == code
    call_command("clear_cache", verbosity=0)


def test_public_endpoints_read_no_token(ann, echo):
    client = client_with(token_for(ann, allowed_endpoints=["chat"]))
    assert client.get(f"{API}/models").status_code == client_with("llms_x").get(f"{API}/models").status_code == 200
