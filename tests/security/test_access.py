"""Every route with every method, as nobody, as another user, as staff and as the owner."""

from datetime import timedelta
from io import BytesIO
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from conversations.files.service import store
from conversations.history.sharing.tokens import token_of
from conversations.models import Comparison, Import, PromptSet, Replay, Share
from llmselect_project.tokens.service import create_token
from models_registry.keys.storage import store_key
from models_registry.models import Alias, Budget, LLMModel, Provider, SharedKey, UsageDay
from perf.models import Job
from tests.helpers import client_for, client_with, conversation, login
from tests.security.access_table import ADMIN_TABLE, METHODS, TABLE
from tests.security.routes import all_routes, path_of

pytestmark = pytest.mark.django_db

ROUTES = sorted({route for route, _ in all_routes()})
PATTERNS = {
    "^(?:api|v1|health|metrics)(?:/|$)": "/api/nothing",
    "^(?:chat|compare|arena|models|usage|settings)(?:/[^/]+)*$": "/chat/nothing",
}
MODEL_PAGES = tuple(f"admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry)


def admin_code(route):
    """Say what staff without permissions get; None when nobody has said."""
    if route.startswith(MODEL_PAGES):
        # An address without a suffix only leads to that of the change page.
        return 302 if route.endswith("<path:object_id>/") else 403
    return ADMIN_TABLE.get(route)


def test_every_route_is_in_the_table():
    assert [route for route in ROUTES if route not in TABLE and admin_code(route) is None] == []


def test_the_table_has_no_route_that_is_gone():
    gone = [route for route, row in TABLE.items() if route not in ROUTES and not row.optional]
    assert gone + [route for route in ADMIN_TABLE if route not in ROUTES] == []


@pytest.fixture
def owned(ann, echo):
    """Give Ann something of everything; the ids by the names that paths and bodies use."""
    row = conversation(ann, messages=2, provider="echo", model="echo-fast")
    comparison = Comparison.objects.create(user=ann, prompt="hi")
    for index in range(2):
        comparison.results.create(index=index, provider="echo", model="echo-fast", response="hello")
    LLMModel.objects.create(provider=echo, model_id="echo-fast", name="Echo")
    store_key(user=ann, provider=echo, key="sk-0123456789abcdef", override_system_key=False)
    question = row.messages.earliest("created_at")
    budget = Budget.objects.create(
        user=ann, token_id=UUID(int=1), period="day", limit=1, spent=0, period_start=timezone.now()
    )
    names = {"conversation": str(row.pk), "message": str(question.pk), "budget": str(budget.pk)}
    job = Job.objects.create(kind="import", state="done", due_at=None)
    names["import"] = str(Import.objects.create(user=ann, job=job).pk)
    prompts = [{"question_id": "1", "category": "", "turns": ["hi"]}]
    names["prompt_set"] = str(PromptSet.objects.create(user=ann, name="mine", prompts=prompts).pk)
    ended = Job.objects.create(kind="replay", state="done", due_at=None)
    names["replay"] = str(Replay.objects.create(user=ann, job=ended).pk)
    names["file"] = str(store(user_id=ann.pk, stream=BytesIO(b"text"), name="a.txt").pk)
    token, _ = create_token(user_id=ann.pk, name="mine")
    names["token"] = str(token.pk)
    share = {"user": ann, "conversation": row, "follow": True, "expires_at": timezone.now() + timedelta(1)}
    names["share"] = str(Share.objects.create(**share).pk)
    names["response"] = f"resp_{row.messages.latest('created_at').pk.hex}"
    return {**names, "comparison": str(comparison.pk), "refresh": login()["refresh"]}


def status(client, method, path, body):
    with transaction.atomic():
        response = client.generic(method, path, body, content_type="application/json")
        if response.streaming:
            response.getvalue()
        transaction.set_rollback(True)
    return response.status_code


@pytest.mark.parametrize("route", [route for route in ROUTES if route in TABLE])
def test_the_api(route, owned, ann, bob, staff):
    row = TABLE[route]
    kinds = {"api/v1/comparisons": "comparison", "api/v1/messages": "message", "api/v1/tokens": "token"}
    kinds |= {"api/v1/budgets": "budget", "api/v1/files": "file", "api/v1/imports": "import", "api/v1/shares": "share"}
    kinds |= {"api/v1/replays": "replay", "api/v1/prompt-sets": "prompt_set"}
    pk = owned[next((kind for start, kind in kinds.items() if route.startswith(start)), "conversation")]
    places = {"pk": pk, "provider": "echo", "model_id": "echo-fast", "digest": "0", "name": "echo/echo-fast"}
    places |= {"response_id": owned["response"], "token": token_of(UUID(owned["share"]))}
    path = PATTERNS.get(route) or path_of(route, **places)
    body = APIClient()._encode_data(filled(row.body, owned), "json")[0]
    callers = [APIClient(), client_for(bob), client_for(staff), client_with(login()["access"])]
    for method in METHODS:
        codes = [status(client, method, path, body) for client in callers]
        assert (method, codes) == (method, row.expected(method))


def filled(body, owned):
    if isinstance(body, dict):
        return {name: filled(value, owned) for name, value in body.items()}
    return body.format(**owned) if isinstance(body, str) else body


def admin_path(route, first):
    if route.startswith("admin/^"):
        return "/admin/conversations/"
    if route.startswith("admin/("):
        return "/admin/nothing"
    pk = first.get("/".join(route.split("/")[1:3]), UUID(int=0))
    return path_of(route, id=pk, object_id=pk, content_type_id=1, fingerprint=0)


@pytest.fixture
def first(owned):
    """Give the first row of each model of the admin, by the model's path."""
    Group.objects.create(name="readers")
    SharedKey.objects.create(provider=Provider.objects.get(slug="echo"), key_encrypted="-", masked="****")
    UsageDay.objects.create(day=timezone.now().date(), endpoint="chat", provider="echo", model="echo-fast")
    Alias.objects.create(name="fast", candidates=["echo/echo-fast"])
    rows = {model: model._default_manager.first() for model in admin.site._registry}
    return {f"{model._meta.app_label}/{model._meta.model_name}": row.pk for model, row in rows.items()}


ADMIN_ROUTES = [route for route in ROUTES if route.startswith("admin/")]
# The form to log in with, a catalogue of translations, and the page after logging out are for everybody.
OPEN = ("admin/login/", "admin/jsi18n/", "admin/logout/")


def test_the_admin_for_staff_without_permissions(first, staff):
    browser = Client()
    browser.force_login(staff)
    codes = {route: browser.get(admin_path(route, first)).status_code for route in ADMIN_ROUTES}
    assert codes == {route: admin_code(route) for route in ADMIN_ROUTES}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_admin_is_for_nobody_else(first, bob, method):
    member = Client()
    member.force_login(bob)
    for browser in (Client(), member):
        for route in ADMIN_ROUTES:
            if route in OPEN:
                continue
            response = browser.generic(method, admin_path(route, first))
            assert (route, response.status_code) == (route, 302)
            assert response.headers["Location"].startswith("/admin/login/?next=")
