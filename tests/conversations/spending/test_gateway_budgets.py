"""Usage and budgets of the endpoints below /v1: relayed and translated, kept or not, with tokens and aliases."""

from decimal import Decimal

import pytest

from conversations.models import Message
from llmselect_project.tokens.service import create_token
from models_registry.models import Alias, Budget, LLMModel, Reservation, UsageEntry
from tests.helpers import client_for, client_with

pytestmark = pytest.mark.django_db

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
HELLO = {"messages": [{"role": "user", "content": "hello you there"}]}
STUB = {"model": "openai/stub", **HELLO}
CLAUDE = {"model": "anthropic/stub", "max_tokens": 50, **HELLO}
RESPONSE = {"model": "openai/stub", "input": "hello you there"}
NAMES = {CHAT: "chat-completions", MESSAGES: "messages", RESPONSES: "responses"}
COST = Decimal("0.0000375")
ONE = {"requests": 1, "prompt_tokens": 3, "completion_tokens": 3, "cost": COST}


@pytest.fixture(autouse=True)
def prices(openai, anthropic):
    LLMModel.objects.filter(provider=anthropic).update(input_price="2.5", output_price=10)


def read(answer):
    return answer.getvalue() if answer.streaming else answer.content


@pytest.mark.parametrize("more", [{}, {"stream": True}, {"store": False}, {"store": False, "stream": True}])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, STUB),
        (MESSAGES, CLAUDE),
        (CHAT, {**STUB, "model": "anthropic/stub"}),
        (RESPONSES, RESPONSE),
        (RESPONSES, {**RESPONSE, "model": "anthropic/stub"}),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_every_call_is_kept_and_settled(api, ann, budget, state, used, path, body, more):
    made = budget(ann, 1)
    if path == MESSAGES:
        more = {name: value for name, value in more.items() if name != "store"}
    answer = api.post(path, {**body, **more})
    assert (answer.status_code, bool(read(answer))) == (200, True)
    assert state(made) == (COST, 0, 0)
    assert used(ann) == [(NAMES[path], ONE)]


@pytest.mark.parametrize("store", [True, False])
def test_a_call_that_fails_is_counted_and_given_back(api, ann, budget, state, priced, used, store):
    made = budget(ann, 1)
    answer = api.post(CHAT, {**STUB, "model": f"openai/{priced('stub?status=500')}", "store": store})
    assert answer.status_code == 502
    assert state(made) == (0, 0, 0)
    assert used(ann) == [("chat-completions", {"requests": 1, "errors": 1})]


@pytest.mark.parametrize(("path", "body"), [(CHAT, STUB), (MESSAGES, CLAUDE), (RESPONSES, RESPONSE)])
def test_the_refusal_has_the_shape_of_its_protocol(api, ann, budget, stub, path, body):
    budget(ann, "0.0001")
    answer = api.post(path, body)
    said = answer.json()["error"]
    assert (answer.status_code, answer.headers["x-should-retry"]) == (429, "false")
    assert said["type"] == "rate_limit_error"
    assert said["message"].startswith("You have 0.0001 USD left of a budget of 0.0001 USD a month")
    assert said.get("code", "budget_exceeded") == "budget_exceeded"
    assert stub.requests == []
    assert not Message.objects.exists()


def test_a_relayed_request_gets_a_limit_only_where_it_has_none(api, ann, budget, stub):
    budget(ann, 1)
    api.post(CHAT, STUB)
    api.post(CHAT, {**STUB, "max_tokens": 9, "seed": 1})
    first, second = (each.body for each in stub.requests)
    assert first["max_completion_tokens"] == 4_096
    assert (second["max_tokens"], second["seed"], "max_completion_tokens" in second) == (9, 1, False)


def test_a_response_gets_a_limit_only_where_it_has_none(api, ann, budget, stub):
    budget(ann, 1)
    api.post(RESPONSES, RESPONSE)
    api.post(RESPONSES, {**RESPONSE, "max_output_tokens": 9})
    assert [each.body["max_output_tokens"] for each in stub.requests] == [4_096, 9]
    assert not any(name in each.body for each in stub.requests for name in ("max_tokens", "max_completion_tokens"))


def test_what_a_request_goes_on_from_is_reserved_too(api, ann, budget, stub):
    first = api.post(RESPONSES, {**RESPONSE, "input": "x" * 40_000}).json()["id"]
    budget(ann, "0.05")
    following = {**RESPONSE, "max_output_tokens": 9, "previous_response_id": first}
    assert api.post(RESPONSES, {**RESPONSE, "max_output_tokens": 9}).status_code == 200
    assert api.post(RESPONSES, following).status_code == 429
    assert len(stub.requests) == 2


@pytest.mark.parametrize("item", [{"type": "item_reference", "id": "msg_1"}, {"id": "msg_1"}])
def test_what_openai_keeps_is_reserved_as_if_it_were_long(api, ann, budget, stub, item):
    budget(ann, 1)
    asked = {**RESPONSE, "max_output_tokens": 9, "input": [{"role": "user", "content": "Hi"}, item]}
    assert api.post(RESPONSES, asked).status_code == 429
    assert stub.requests == []


def test_without_a_budget_a_relayed_request_is_passed_on_as_it_is(api, stub):
    api.post(CHAT, STUB)
    assert stub.requests[-1].body == {**STUB, "model": "stub"}


def test_several_answers_are_reserved(api, ann, budget):
    budget(ann, "0.05")
    body = {**STUB, "max_tokens": 2_000}
    assert api.post(CHAT, {**body, "n": 3}).status_code == 429
    assert api.post(CHAT, body).status_code == 200


def test_a_conversation_that_is_not_there_reserves_nothing(api, ann, budget, state):
    made = budget(ann, 1)
    missing = {"X-Conversation-Id": str(made.pk)}
    assert api.post(CHAT, STUB, headers=missing).status_code == 404
    assert state(made) == (0, 0, 0)
    assert not UsageEntry.objects.exists()


def test_each_candidate_of_an_alias_is_counted(api, ann, budget, state, priced, used):
    made = budget(ann, 1)
    failing = priced("stub?status=500")
    Alias.objects.create(name="fast", candidates=[f"openai/{failing}", "openai/stub"])
    assert api.post(CHAT, {**STUB, "model": "fast"}).status_code == 200
    assert state(made) == (COST, 0, 0)
    assert sorted(used(ann, "model")) == [
        ("openai", "stub", ONE),
        ("openai", failing, {"requests": 1, "errors": 1}),
    ]


def test_an_alias_goes_on_with_what_the_budget_covers(api, ann, budget, priced):
    budget(ann, "0.05")
    Alias.objects.create(name="best", candidates=[f"openai/{priced('stub?chunks=3', output_price=500)}", "openai/stub"])
    answer = api.post(CHAT, {**STUB, "model": "best", "max_tokens": 100})
    assert (answer.status_code, answer.headers["X-LLMSelect-Model"]) == (200, "openai/stub")
    assert not Reservation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_token_has_a_budget_of_its_own(ann, api, openai, used):
    row, token = create_token(user_id=ann.pk, name="laptop")
    made = api.post("/api/v1/budgets", {"token": str(row.pk), "period": "month", "limit": "0.0001"}).json()
    assert made["token_name"] == "laptop"
    with_token = client_with(token)
    assert with_token.post(CHAT, STUB).status_code == 429
    chat = {"provider": "openai", "model": "stub", "message": "hello you there"}
    refused = with_token.post("/api/v1/chat", chat)
    assert (refused.status_code, refused.json()["details"]["token"]) == (429, str(row.pk))
    assert refused.json()["message"].startswith("The token laptop has 0.0001 USD left")
    assert api.post("/api/v1/chat", chat).status_code == 200
    api.patch(f"/api/v1/budgets/{made['id']}", {"limit": 1})
    assert with_token.post(CHAT, STUB).status_code == 200
    assert Budget.objects.get().spent == COST
    assert sorted(used(ann, "token"), key=str) == [(None, "", ONE), (row.pk, "laptop", ONE)]


def test_a_token_reads_its_budgets_and_changes_none(ann, budget):
    made = budget(ann, 1)
    _, token = create_token(user_id=ann.pk, name="laptop")
    api, path = client_with(token), f"/api/v1/budgets/{made.pk}"
    assert (api.get("/api/v1/budgets").status_code, api.get("/api/v1/usage").status_code) == (200, 200)
    for answer in (api.patch(path, {"limit": 9}), api.delete(path), api.post("/api/v1/budgets", {})):
        assert answer.status_code == 403
    assert Budget.objects.get().limit == 1


def test_others_have_their_own_tokens(bob, ann):
    row, _ = create_token(user_id=ann.pk, name="laptop")
    answer = client_for(bob).post("/api/v1/budgets", {"token": str(row.pk), "period": "day", "limit": 1})
    assert answer.json()["details"] == {"token": ["The user has no such token."]}
