"""Thousands of requests made from the OpenAPI schema, as a user and as staff: no 500, and every answer conforms.

The same requests each time, so a failure comes again. They go through the whole WSGI application to a stub provider.
"""

import os
import random
from collections import Counter
from contextlib import suppress

import pytest
from django.conf import settings as configured

if "postgresql" not in configured.DATABASES["default"]["ENGINE"]:
    pytest.skip("thousands of requests are for the lane with services", allow_module_level=True)

import schemathesis
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import FlakyStrategyDefinition, Unsatisfiable
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from conversations.models import Comparison, Message
from llmselect_project.accounts.sessions import start_session
from llmselect_project.tokens.service import create_token
from models_registry.keys.storage import store_key
from tests.helpers import PASSWORD, conversation

pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES, STEPS, SCENARIOS = 25, 8, 40
CASES, SEQUENCED = 5_000 // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")), 200  # in each process
RUNS = 5
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Reading the catalogue takes long; an export is not closed, and holds its slot.
FEW = {"/api/v1/admin/models/refresh": 6, "/api/v1/export": 2}
OPTIONS = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}

application = get_wsgi_application()
schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
schema.app = application
OPERATIONS = {each.ok().label: each.ok() for each in schema.get_all_operations()}
sent: Counter[str] = Counter()
statuses: Counter[int] = Counter()


class World:
    """What there is to ask for: a user with something of everything, and a token of theirs."""

    def __init__(self, provider, *, staff):
        self.user = User.objects.create_user("ann", password=PASSWORD, is_staff=staff)
        token = start_session(user=self.user).access
        self.headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        self.rows = [conversation(self.user, messages=3, provider=provider.slug, model="stub") for _ in range(3)]
        self.comparisons = [Comparison.objects.create(user=self.user, prompt="hi") for _ in range(3)]
        for comparison in self.comparisons:
            for index in range(2):
                comparison.results.create(index=index, provider=provider.slug, model="stub", response="hello")
        self.answers = list(Message.objects.filter(conversation__in=self.rows, role="assistant"))
        self.tokens = [create_token(user_id=self.user.pk, name=f"token {number}")[0] for number in range(3)]
        store_key(user=self.user, provider=provider, key="sk-0123456789abcdef", override_system_key=True)
        self.chance = random.Random(1)

    def ground(self, case):
        """Have half of the cases name what is there: what is made up would always be a 404 or a 400."""
        if self.chance.random() < 0.5:
            return
        rows = self.comparisons if "comparisons" in case.path else self.rows
        if case.path.startswith("/api/v1/messages"):
            rows = list(Message.objects.filter(conversation__in=self.rows)) or self.rows
        if case.path.startswith("/api/v1/tokens"):
            rows = self.tokens
        known = {
            "id": str(self.chance.choice(rows).pk),
            "provider": "openai",
            "model_id": "stub",
            "name": "openai/stub",
            "response_id": f"resp_{self.chance.choice(self.answers).pk.hex}",
        }
        for name in case.path_parameters or {}:
            case.path_parameters[name] = known[name]
        if isinstance(case.body, dict):
            self._ground_body(case)

    def _ground_body(self, case):
        if "provider" in case.body or case.path.startswith("/api/v1/chat"):
            case.body |= {"provider": "openai", "model": "stub"}
        if case.path.startswith("/v1/"):
            case.body["model"] = "openai/stub"
        models = case.body.get("models")
        for choice in models if isinstance(models, list) else []:
            if isinstance(choice, dict):
                choice |= {"provider": "openai", "model": "stub"}
        if case.body.get("conversation_id"):
            case.body["conversation_id"] = str(self.chance.choice(self.rows).pk)


@pytest.fixture(params=[False, True], ids=["user", "staff"])
def world(request, openai, settings):
    settings.ALLOW_OPEN_REGISTRATION = True
    return World(openai, staff=request.param)


def send(case, world):
    response = case.call(headers=world.headers)
    sent[case.operation.label] += 1
    statuses[response.status_code] += 1
    return response


@pytest.mark.parametrize("label", OPERATIONS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_each_operation(world, label, mode):
    operation = OPERATIONS[label]

    @settings(max_examples=FEW.get(operation.path, EXAMPLES), **OPTIONS)
    @given(case=operation.as_strategy(mode))
    def run(case):
        world.ground(case)
        case.validate_response(send(case, world), checks=CHECKS)

    try:
        run()
    except Unsatisfiable:
        # Nothing about the operation can be wrong.
        assert (mode, operation.method) == (GenerationMode.NEGATIVE, "get")
        sent[label] += 0


def test_sequences(world):
    class Machine(schema.as_state_machine()):
        def get_call_kwargs(self, case):
            return {"headers": world.headers}

        def after_call(self, response, case):
            sent["sequences"] += 1

        def validate_response(self, response, case, **kwargs):
            case.validate_response(response, checks=CHECKS)

    # What a sequence sends depends on what was answered, and ids and times are other ones each time. Where hypothesis
    # finds that it cannot repeat one it gives up; then another run sends the rest.
    options = {**OPTIONS, "derandomize": False, "max_examples": SCENARIOS, "stateful_step_count": STEPS}
    begun = sent["sequences"]
    for number in range(RUNS):
        with suppress(FlakyStrategyDefinition):
            run_state_machine_as_test(seed(number)(Machine), settings=settings(**options))
        if sent["sequences"] - begun >= SEQUENCED:
            return
    pytest.fail(f"Only {sent['sequences'] - begun} requests were sent in sequences.")


def test_there_were_enough():
    if set(sent) < {*OPERATIONS, "sequences"}:
        pytest.skip("only some operations were asked for")
    assert sent.total() >= CASES, sent
    # Not only refusals.
    assert statuses[200] + statuses[201] + statuses[204] > CASES / 10
