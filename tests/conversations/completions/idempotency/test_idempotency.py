"""POST /chat with an Idempotency-Key; what is the same for /compare is tested for both."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from conversations.completions.idempotency.records import KEPT, Attempt, InProgress
from conversations.models import Comparison, Conversation, Message, RepeatableRequest
from tests.helpers import PASSWORD, checked_out, client_for, error, eventually, free_slots, invalid

pytestmark = pytest.mark.django_db(transaction=True)

CHAT, COMPARE = "/api/v1/chat", "/api/v1/compare"
HELLO = {"provider": "openai", "model": "stub", "message": "hello you there"}
MODELS = [{"provider": "openai", "model": "stub"}, {"provider": "openai", "model": "stub?reply=no"}]
BODIES = {CHAT: HELLO, COMPARE: {"prompt": "hello you there", "models": MODELS}}
BOTH = pytest.mark.parametrize("url", [CHAT, COMPARE])


def post(api, url=CHAT, key="k", **change):
    return api.post(url, {**BODIES[url], **change}, headers={"Idempotency-Key": key})


def stored():
    return list(Message.objects.order_by("created_at").values_list("role", "content", "status"))


def die(url=CHAT, minutes=20):
    """Put the one request into the state that a worker leaves that was killed while the provider answered."""
    answered = Message.objects.filter(role="assistant")
    answered.delete()
    Conversation.objects.update(message_count=Message.objects.count())
    for comparison in Comparison.objects.all():
        comparison.results.all().delete()
    claimed_at = timezone.now() - timedelta(minutes=minutes)
    RepeatableRequest.objects.update(answered=False, answer_id=None, claimed_at=claimed_at)


@BOTH
def test_a_repetition_gets_the_same_answer_and_calls_no_provider(api, openai, stub, url):
    first = post(api, url)
    calls = len(stub.requests)
    again = post(api, url)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json() == first.json()
    assert len(stub.requests) == calls
    assert (Conversation.objects.count() + Comparison.objects.count()) == 1
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers


@BOTH
def test_a_repetition_takes_two_queries(api, openai, url, django_assert_num_queries):
    post(api, url)
    with django_assert_num_queries(2 if url == CHAT else 3):  # a comparison has results
        assert post(api, url).headers["Idempotency-Replayed"] == "true"


@BOTH
def test_another_body_is_refused(api, openai, url):
    post(api, url)
    response = post(api, url, system="Be brief.")
    message = "This Idempotency-Key was used with another body."
    assert (response.status_code, response.json()) == (422, error("idempotency_key_reused", message))


def test_the_same_body_may_be_formatted_differently(api, openai):
    post(api)
    text = '{ "message":"hello you there","model":"stub", "pro\\u0076ider": "openai"}'
    again = api.generic("POST", CHAT, text, content_type="application/json", headers={"Idempotency-Key": "k"})
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_key_belongs_to_one_user_and_path(api, bob_api, openai):
    ids = {post(api).json()["conversation_id"], post(bob_api).json()["conversation_id"]}
    assert len(ids) == 2
    assert post(api, COMPARE).status_code == 200


def test_without_a_key_nothing_is_repeated(api, openai):
    assert api.post(CHAT, HELLO).json()["conversation_id"] != api.post(CHAT, HELLO).json()["conversation_id"]
    assert not RepeatableRequest.objects.exists()


@BOTH
@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\tb"])
def test_an_invalid_key_is_refused(api, openai, stub, url, key):
    response = post(api, url, key)
    sentence = "Must be 1 to 255 visible ASCII characters."
    assert (response.status_code, response.json()) == (400, invalid(**{"Idempotency-Key": sentence}))
    assert stub.requests == []


def test_the_longest_key_is_accepted(api, openai):
    assert post(api, key="~" * 255).status_code == 200
    assert post(api, key="~" * 255).headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("url", [f"{CHAT}/stream", f"{COMPARE}/stream"])
def test_streams_refuse_a_key(api, openai, stub, url):
    response = api.post(url, BODIES[url.removesuffix("/stream")], headers={"Idempotency-Key": "k"})
    sentence = "Streams cannot be repeated; leave the header out."
    assert (response.status_code, response.json()) == (400, invalid(**{"Idempotency-Key": sentence}))
    assert (stub.requests, Message.objects.count()) == ([], 0)


@BOTH
def test_a_key_needs_a_login(visitor, openai, url):
    assert post(visitor, url).status_code == 401
    assert not RepeatableRequest.objects.exists()


# Errors


@pytest.mark.parametrize("change", [{"message": ""}, {"conversation_id": "00000000-0000-0000-0000-000000000001"}])
def test_a_request_that_stored_nothing_leaves_the_key_free(api, openai, change):
    assert post(api, **change).status_code in (400, 404)
    assert not RepeatableRequest.objects.exists()
    assert post(api).status_code == 200


def test_a_failed_call_is_repeated_for_the_same_message(api, openai, stub):
    model = "stub?fail=1&status=400&id=a"
    failed = post(api, model=model).json()
    response = post(api, model=model)
    assert (failed["error"], response.status_code) == ("provider_error", 200)
    assert "Idempotency-Replayed" not in response.headers
    assert response.json()["conversation_id"] == failed["details"]["conversation_id"]
    assert stored() == [
        ("user", "hello you there", "complete"),
        ("assistant", "", "error"),
        ("assistant", "hello you there", "complete"),
    ]
    assert Conversation.objects.get().message_count == 3
    assert post(api, model=model).json() == response.json()
    assert len(stub.requests) == 2


def test_a_repetition_does_not_send_later_messages(api, openai, stub):
    first = api.post(CHAT, {**HELLO, "message": "one"}).json()["conversation_id"]
    model = "stub?fail=1&status=400&id=a"
    post(api, model=model, message="two", conversation_id=first)
    api.post(CHAT, {"message": "three", "conversation_id": first, "model": "stub"})
    assert post(api, model=model, message="two", conversation_id=first).status_code == 200
    assert [message["content"] for message in stub.requests[-1].body["messages"]] == ["one", "one", "two"]


def test_a_comparison_with_failed_models_is_replayed(api, openai, stub):
    models = [{"provider": "openai", "model": "stub?status=400"}, {"provider": "openai", "model": "stub"}]
    first = post(api, COMPARE, models=models)
    assert first.json()["results"][0]["error"]["error"] == "provider_error"
    assert post(api, COMPARE, models=models).json() == first.json()
    assert len(stub.requests) == 2


# Two at once


@BOTH
def test_of_two_requests_at_once_one_runs(api, openai, stub, url):
    slow = {"model": "stub?first=0.5"} if url == CHAT else {"models": [{**MODELS[0], "model": "stub?first=0.5"}] * 2}

    def ask():
        try:
            return post(api, url, **slow)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: ask(), range(6)))
    (good,) = [answer for answer in answers if answer.status_code == 200]
    others = [answer for answer in answers if answer is not good]
    message = "A request with this Idempotency-Key is being answered; try again in a moment."
    assert [answer.json() for answer in others] == [error("in_progress", message)] * 5
    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in others} == {(409, "1")}
    assert (Conversation.objects.count() + Comparison.objects.count()) == 1
    assert len(stub.requests) == (1 if url == CHAT else 2)
    assert post(api, url, **slow).json() == good.json()


# A worker that died


@BOTH
def test_an_expired_claim_is_taken_over(api, openai, stub, url):
    first = post(api, url).json()
    die()
    response = post(api, url)
    assert response.status_code == 200
    assert "Idempotency-Replayed" not in response.headers
    if url == CHAT:
        assert response.json()["conversation_id"] == first["conversation_id"]
        assert [row[0] for row in stored()] == ["user", "assistant"]
        assert Conversation.objects.get().message_count == 2
    else:
        assert response.json()["id"] == first["id"]
        assert Comparison.objects.get().results.count() == 2
    assert post(api, url).json() == response.json()


@BOTH
def test_a_claim_is_not_taken_over_before_it_expires(api, openai, url):
    post(api, url)
    die(minutes=5)
    assert (post(api, url).status_code, post(api, url, system="x").status_code) == (409, 422)


def test_only_one_attempt_takes_over(api, openai, stub):
    post(api)
    die()

    def ask():
        try:
            return post(api, model="stub").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        codes = list(threads.map(lambda _: ask(), range(4)))
    assert set(codes) <= {200, 409}
    assert [row[0] for row in stored()] == ["user", "assistant"]


def test_an_attempt_with_an_expired_claim_stores_its_answer_and_leaves_the_key(ann, api, openai, stub):
    with ThreadPoolExecutor(1) as thread:

        def ask():
            try:
                return post(api, model="stub?first=0.6&fail=0").json()
            finally:
                connection.close()

        slow = thread.submit(ask)
        assert eventually(lambda: len(stub.requests) == 1)
        RepeatableRequest.objects.update(claimed_at=timezone.now() - timedelta(minutes=20))
        stub.reset()
        faster = post(client_for(ann), model="stub?first=0.6&fail=0").json()
        late = slow.result()
    assert {late["message"]["id"], faster["message"]["id"]} == {
        str(pk) for pk in Message.objects.filter(role="assistant").values_list("pk", flat=True)
    }
    assert post(api, model="stub?first=0.6&fail=0").json() == faster


# Throttling


@BOTH
def test_a_repetition_does_not_count_against_the_rate_limit(ann, openai, settings, url):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "completion": "2/minute"}
    api = client_for(ann)
    assert [post(api, url).status_code for _ in range(5)] == [200] * 5
    assert [post(api, url, key=key).status_code for key in ("l", "m")] == [200, 429]
    assert not RepeatableRequest.objects.filter(key="m").exists()


# How long it lasts


@BOTH
def test_a_record_expires_after_a_day(api, openai, url):
    first = post(api, url)
    RepeatableRequest.objects.update(created_at=timezone.now() - KEPT - timedelta(seconds=1))
    again = post(api, url, system="Be brief.")
    assert again.status_code == 200
    assert again.json() != first.json()
    assert RepeatableRequest.objects.count() == 1


def test_prune_deletes_expired_records(api, openai, capsys):
    for key in ("old", "new"):
        post(api, key=key)
    RepeatableRequest.objects.filter(key="old").update(created_at=timezone.now() - KEPT - timedelta(seconds=1))
    call_command("prune")
    assert capsys.readouterr().out == "Deleted 1 expired row.\n"
    assert RepeatableRequest.objects.get().key == "new"
    assert Message.objects.count() == 4


# What it stored is deleted


def gone():
    return error(
        "not_found", "What the request with this Idempotency-Key stored was deleted; use another key to ask again."
    )


def delete(api, url, answer):
    kind, pk = ("conversations", answer["conversation_id"]) if url == CHAT else ("comparisons", answer["id"])
    assert api.delete(f"/api/v1/{kind}/{pk}").status_code == 204


def sent_again_in_vain(api, url, stub, **change):
    """Send it again three times: nothing is asked or stored, and the answer says why."""
    before = len(stub.requests), Conversation.objects.count(), Comparison.objects.count(), Message.objects.count()
    answers = [post(api, url, **change) for _ in range(3)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(404, gone())] * 3
    after = len(stub.requests), Conversation.objects.count(), Comparison.objects.count(), Message.objects.count()
    assert after == before


@BOTH
def test_the_key_of_a_deleted_answer_stays_in_use(api, openai, stub, url, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "completion": "2/minute"}
    delete(api, url, post(api, url).json())
    sent_again_in_vain(api, url, stub)
    assert post(api, url, system="x").status_code == 422
    assert post(api, url, key="another").status_code == 200


@BOTH
def test_the_key_of_a_deleted_question_without_an_answer_stays_in_use(api, openai, stub, url):
    answer = post(api, url).json()
    die()
    delete(api, url, answer)
    sent_again_in_vain(api, url, stub)


@BOTH
def test_deletion_while_it_is_answered(api, openai, stub, url):
    slow = {"model": "stub?first=0.6"} if url == CHAT else {"models": [{**MODELS[0], "model": "stub?first=0.6"}] * 2}

    def ask():
        try:
            return post(api, url, **slow).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(ask)
        assert eventually(lambda: len(stub.requests) == (1 if url == CHAT else 2))
        row = (Conversation if url == CHAT else Comparison).objects.get()
        delete(api, url, {"conversation_id": row.pk, "id": row.pk})
        assert asked.result() == 200
    sent_again_in_vain(api, url, stub, **slow)


def test_deletion_of_the_answer_alone(api, openai, stub):
    post(api)
    Message.objects.filter(role="assistant").delete()
    sent_again_in_vain(api, CHAT, stub)
    assert [row[0] for row in stored()] == ["user"]


def test_deletion_of_the_question_alone(api, openai, stub):
    post(api, model="stub?status=400")
    Message.objects.filter(role="user").delete()
    sent_again_in_vain(api, CHAT, stub, model="stub?status=400")
    assert [row[0] for row in stored()] == ["assistant"]
    assert post(api, model="stub?status=400").status_code == 404  # and it was not taken by the attempts before


@BOTH
def test_a_used_key_is_free_after_a_day(api, openai, url):
    delete(api, url, post(api, url).json())
    RepeatableRequest.objects.update(created_at=timezone.now() - KEPT - timedelta(seconds=1))
    assert post(api, url).status_code == 200


@BOTH
def test_a_used_key_is_pruned_and_deleted_with_the_account(ann, api, openai, url):
    for key in ("old", "new"):
        delete(api, url, post(api, url, key=key).json())
    RepeatableRequest.objects.filter(key="old").update(created_at=timezone.now() - KEPT - timedelta(seconds=1))
    call_command("prune", verbosity=0)
    assert RepeatableRequest.objects.get().key == "new"
    assert api.delete("/api/v1/auth/me", {"password": PASSWORD}).status_code == 204
    assert not RepeatableRequest.objects.exists()


def test_a_record_is_deleted_with_the_account(ann, api, openai):
    post(api)
    post(api, COMPARE)
    ann.delete()
    assert not RepeatableRequest.objects.exists()


# What it costs


def test_a_repetition_takes_no_slot(api, openai, settings):
    post(api)
    post(api)
    post(api, system="x")
    assert free_slots() == settings.COMPLETION_SLOTS


def test_no_connection_is_held_while_the_provider_answers(api, openai, stub):
    def ask():
        try:
            return post(api, model="stub?first=0.5")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(ask)
        assert eventually(lambda: len(stub.requests) == 1)
        assert eventually(lambda: checked_out() in (None, 0, 1))
        assert not asked.done()
        assert asked.result().status_code == 200


def test_it_is_in_the_schema_and_exposed_by_cors(api, openai, settings):
    schema = SchemaGenerator().get_schema(public=True)
    for url in (CHAT, COMPARE):
        (parameter,) = schema["paths"][url]["post"]["parameters"]
        assert (parameter["name"], parameter["in"]) == ("Idempotency-Key", "header")
    settings.CORS_ALLOWED_ORIGINS = ["http://localhost:3000"]
    response = api.post(CHAT, HELLO, headers={"Origin": "http://localhost:3000"})
    assert "Idempotency-Replayed" in response.headers["Access-Control-Expose-Headers"]


@BOTH
def test_deletion_between_look_up_and_claim(api, openai, url):
    """Between the look-up and the claim; the next attempt is told why."""
    post(api, url)
    die()
    user_id, row = RepeatableRequest.objects.values_list("user_id", "operation").get()
    attempt = Attempt(user_id=user_id, operation=row, key="k", body=BODIES[url])
    Conversation.objects.all().delete()
    Comparison.objects.all().delete()
    with pytest.raises(InProgress):
        attempt.claim()
    assert (post(api, url).status_code, post(api, url).json()) == (404, gone())
