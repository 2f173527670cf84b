"""What the OpenAPI schema says of parameters and fields is what the API takes: neither refuses what the other allows.

The values are made from the schema: what lies on its limits and right beyond them. What is refused for its meaning, not
for its shape, says so in `MEANING`.
"""

import copy
import json
import re
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import transaction
from jsonschema import Draft7Validator, FormatChecker

from conversations.models import Comparison, Message, PromptSet, Replay
from llmselect_project.accounts.sessions import start_session
from llmselect_project.tokens.service import create_token
from models_registry.keys.storage import store_key
from models_registry.models import LLMModel
from models_registry.spending.budgets.keeping import create_budget
from perf.models import Job
from tests.helpers import PASSWORD, client_with, conversation
from tests.openapi import SCHEMA, resolved

pytestmark = pytest.mark.django_db

# Sentences of refusals that no schema can foresee.
MEANING = re.compile(
    "There is no provider|Must be one of (?!-|markdown)|This is not your password|Not a cursor|Must be the index|"
    "already exists|password is too|The last message must|takes `message`|Wrong username|token is invalid|too common|"
    "no reasoning effort|result is preferred|Must be in the future|Give one of|is empty|"
    "Must be later than|Date has wrong format|There is no user with this name|Must not be before"
)
CHOICE = {"provider": "echo", "model": "echo-fast"}
BODIES = {
    "/api/v1/budgets": {"period": "day", "limit": "2.50", "user": "bob", "token": None},
    "/api/v1/budgets/{id}": {"limit": "2.50"},
    "/api/v1/admin/cache/clear": {"namespace": "models"},
    "/api/v1/admin/models/refresh": {"provider": "echo"},
    "/api/v1/auth/login": {"username": "staff", "password": PASSWORD},
    "/api/v1/auth/logout": {"refresh": "{refresh}"},
    "/api/v1/auth/me": {"password": PASSWORD},
    "/api/v1/auth/password": {"current_password": PASSWORD, "new_password": "a staple for horses"},
    "/api/v1/auth/refresh": {"refresh": "{refresh}"},
    "/api/v1/auth/register": {"username": "new", "password": PASSWORD, "registration_token": ""},
    "/api/v1/chat": {
        **CHOICE,
        "message": "hi",
        "system": "x",
        "temperature": 1.0,
        "max_tokens": 5,
        "conversation_id": "{conversation}",
        "attachments": [],
        "context": "auto",
        "on_disconnect": None,
        "reasoning_effort": None,
        "prompt_caching": True,
    },
    "/api/v1/compare": {
        "prompt": "hi",
        "attachments": [],
        "on_disconnect": "stop",
        "models": [CHOICE, CHOICE],
        "system": "x",
        "blind": False,
        "reasoning_effort": None,
    },
    "/api/v1/comparisons/{id}/analyze": CHOICE,
    "/api/v1/comparisons/{id}/vote": {"preferred_index": 0, "both_bad": False},
    "/api/v1/conversations": {**CHOICE, "title": "x"},
    "/api/v1/conversations/{id}": {"title": "x"},
    "/api/v1/conversations/{id}/share": {"follow": True, "system": False, "expires_in": 3600, "expires_at": None},
    "/api/v1/messages/{id}": {"content": "x"},
    "/api/v1/messages/{id}/continue": {
        "temperature": 1.0,
        "max_tokens": 5,
        "reasoning_effort": None,
        "prompt_caching": True,
        "context": "full",
        "on_disconnect": "finish",
    },
    "/api/v1/messages/{id}/retry": {
        **CHOICE,
        "temperature": 1.0,
        "max_tokens": 5,
        "reasoning_effort": None,
        "prompt_caching": True,
        "context": "full",
        "on_disconnect": "finish",
    },
    "/api/v1/prompt-sets": {
        "name": "x",
        "prompts": [{"question_id": "1", "category": "x", "turns": ["x"]}],
        "file": None,
        "messages": [],
        "conversations": [],
    },
    "/api/v1/prompt-sets/{id}": {"name": "x", "prompts": [{"question_id": "1", "category": "x", "turns": ["x"]}]},
    "/api/v1/replays": {
        "models": [CHOICE],
        "source": {"type": "set", "set": "{prompt_set}", "tag": "code"},
        "limit": 5,
        "budget": "2.50",
        "blind": True,
    },
    "/api/v1/select": {"message": "hi", "system": "x", "images": False, "tools": True, "max_tokens": 5},
    "/api/v1/selection/settings": {
        "models": [CHOICE],
        "default_model": CHOICE,
        "cents_for_better": 1.5,
        "seconds_for_better": None,
    },
    "/api/v1/tokens": {
        "name": "laptop",
        "allowed_models": ["openai/*"],
        "allowed_endpoints": ["chat"],
        "read_only": False,
        "rate_limit": "60/min",
        "expires_at": "2100-01-01T00:00:00Z",
    },
    "/api/v1/tokens/{id}": {
        "name": "phone",
        "allowed_models": None,
        "allowed_endpoints": None,
        "read_only": True,
        "rate_limit": None,
    },
    "/api/v1/keys/{provider}": {"key": "sk-0123456789abcdef", "override_system_key": True},
}
# Fields that the body above cannot have beside the others.
INSTEAD = {"messages": {**CHOICE, "messages": [{"role": "user", "content": "hi"}]}}
GONE = object()
FORMATS = FormatChecker(["uuid"])
OPERATIONS = [
    (method, path)
    for path, operations in SCHEMA["paths"].items()
    for method in operations
    if not path.endswith("/stream")  # takes what its neighbour takes
    and not path.startswith("/v1/")  # takes what the vendors' protocols have, which their own clients are tried with
]


def fits(schema, value):
    return Draft7Validator(schema, format_checker=FORMATS).is_valid(value)


def disagree(allowed, refused):
    """Tell whether the API refused what the schema allows, and not for its meaning, or took what it does not allow."""
    return not MEANING.search(refused) if allowed and refused else not (allowed or refused)


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value):
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def texts(schema):
    yield from ("", " ", "x", *schema.get("enum", ()))
    if schema.get("maxLength"):
        yield from ("x" * schema["maxLength"], "x" * (schema["maxLength"] + 1))
    if schema.get("format") == "date-time":
        yield from ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00+02:00", "2026-13-01T00:00:00Z")
    if "enum" in schema:
        yield schema["enum"][0] + "x"


def numbers(schema):
    for limit, beyond in (("minimum", -1), ("maximum", 1)):
        if limit in schema:
            yield from (schema[limit], schema[limit] + beyond)
    yield from (0, 1, -1, 2)


def values(schema):
    """Make values of every kind, and those around the limits."""
    yield from (None, GONE, True, 1, 1.5, "x", "", " ", [], {}, ["x"])
    yield from texts(schema)
    yield from numbers(schema)
    if "items" in schema:
        one = (
            BODIES["/api/v1/compare"]["models"][0] if "provider" in str(schema) else INSTEAD["messages"]["messages"][0]
        )
        sizes = {schema.get("minItems", 1), schema.get("maxItems", 3)}
        yield from ([copy.deepcopy(one)] * size for limit in sizes for size in (limit - 1, limit, limit + 1))


def queried(schema):
    """Make texts for a query string, each with what it stands for."""
    yield from ((text, text) for text in texts(schema) if schema["type"] == "string")
    if schema["type"] == "integer":
        yield from ((str(number), number) for number in numbers(schema))
        yield from ((text, text) for text in ("", " ", "x", "1.5", "1e1", "-"))


class World:
    def __init__(self, staff, echo, bob):
        LLMModel.objects.create(provider=echo, model_id="echo-fast", name="Echo")
        store_key(user=staff, provider=echo, key="sk-0123456789abcdef", override_system_key=True)
        comparison = Comparison.objects.create(user=staff, prompt="hi")
        for index in range(2):
            comparison.results.create(index=index, **CHOICE, response="hello")
        row = conversation(staff, messages=2, **CHOICE)
        broken = conversation(staff, messages=2, **CHOICE).messages.latest("created_at")
        Message.objects.filter(pk=broken.pk).update(status="interrupted", provider="echo", model="echo-fast")
        tokens = start_session(user=staff)
        prompts = [{"question_id": "1", "category": "", "turns": ["hi"]}]
        kept = PromptSet.objects.create(user=staff, name="mine", prompts=prompts)
        job = Job.objects.create(kind="replay", state="done", due_at=None)
        self.names = {"conversation": str(row.pk), "refresh": tokens.refresh, "prompt_set": str(kept.pk)}
        self.ids = {
            "conversations": row.pk,
            "messages": row.messages.earliest("created_at").pk,
            "continue": broken.pk,
            "comparisons": comparison.pk,
            **dict.fromkeys(("chat", "compare"), comparison.pk),  # of streams, which nobody has
            "budgets": create_budget(user_id=staff.pk, period="total", limit=Decimal(5), by_staff=True).pk,
            "tokens": create_token(user_id=staff.pk, name="mine")[0].pk,
            "prompt-sets": kept.pk,
            "replays": Replay.objects.create(user=staff, job=job).pk,
        }
        self.client = client_with(tokens.access)

    def body(self, path):
        text = json.dumps(BODIES[path])
        for name, value in self.names.items():
            text = text.replace(f"{{{name}}}", value)
        return json.loads(text)

    def send(self, method, path, query="", body=None, headers=None):
        """Send a request whose effects are taken back; returns the refusal as text, or ""."""
        kind = "continue" if path.endswith("/continue") else path.split("/")[3]
        url = (
            path.replace("{id}", str(self.ids.get(kind)))
            .replace("{provider}", "echo")
            .replace("{model_id}", "echo-fast")
        )
        data = None if body is None else json.dumps(body)
        with transaction.atomic():
            response = self.client.generic(
                method.upper(), url + query, data or "", content_type="application/json", headers=headers or {}
            )
            content = response.getvalue()
            transaction.set_rollback(True)
        assert response.status_code != 500
        return content.decode() if response.status_code == 400 else ""


def takes_json(method, path):
    return "application/json" in SCHEMA["paths"][path][method].get("requestBody", {}).get("content", {})


@pytest.fixture
def world(staff, echo, bob, settings):
    settings.ALLOW_OPEN_REGISTRATION = True
    return World(staff, echo, bob)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_parameters(world, method, path):
    differ = []
    body = world.body(path) if takes_json(method, path) else None
    for parameter in SCHEMA["paths"][path][method].get("parameters", []):
        schema, name = resolved(parameter["schema"]), parameter["name"]
        for text, meant in queried(schema) if parameter["in"] in ("query", "header") else ():
            if parameter["in"] == "query":
                refused = world.send(method, path, f"?{name}={text.replace('+', '%2B').replace(' ', '%20')}", body)
            else:
                refused = world.send(method, path, body=body, headers={name: text})
            if disagree(fits(schema, meant), refused):
                differ.append((name, text[:60], refused))
    assert differ == []


@pytest.mark.parametrize(("method", "path"), [each for each in OPERATIONS if takes_json(*each)])
def test_bodies(world, method, path):
    body_schema = SCHEMA["paths"][path][method]["requestBody"]
    schema = resolved(body_schema["content"]["application/json"]["schema"])
    differ, tried = [], 0
    for name, field in schema["properties"].items():
        base = INSTEAD.get(name) or world.body(path)
        assert name in base, f"the body for {path} lacks {name}"
        for value in values(field):
            body = {key: each for key, each in base.items() if key != name} | ({} if value is GONE else {name: value})
            refused, tried = world.send(method, path, body=body), tried + 1
            if disagree(fits(schema, body), refused):
                differ.append((name, str(value)[:60], refused))
    wholes = ({}, [], "x", 1, {**world.body(path), "no_such_field": 1})
    differ += [whole for whole in wholes if disagree(fits(schema, whole), world.send(method, path, body=whole))]
    if body_schema.get("required", False) != bool(world.send(method, path)):
        differ.append(("no body at all", body_schema.get("required", False)))
    assert differ == []
    assert tried > 10


def test_every_operation_with_a_body_has_an_example():
    missing = [path for method, path in OPERATIONS if takes_json(method, path) and path not in BODIES]
    assert missing == []
