"""Why an answer is missing or broke off is kept with it, as the client was told, and shown wherever it is."""

import json

import pytest

from conversations.models import Message
from tests.helpers import events

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = "stub?status=401"


def body(model):
    return {"provider": "openai", "model": model, "message": "hello"}


def told(response):
    answer = response.json()
    return {"error": answer["error"], "message": answer["message"]}


def shown(api):
    """Return the answer as the conversation's detail shows it."""
    answer = Message.objects.select_related("conversation").get(role="assistant")
    return api.get(f"/api/v1/conversations/{answer.conversation_id}").json()["messages"][-1]


@pytest.mark.parametrize("model", [REFUSED, "stub?status=500", "stub?content=null"])
def test_a_failed_answer_says_what_its_request_was_told(api, openai, model):
    response = api.post("/api/v1/chat", body(model), HTTP_X_REQUEST_ID="the-id")
    answer = shown(api)
    assert (answer["status"], answer["error"]) == ("error", told(response))
    assert Message.objects.get(role="assistant").request_id == "the-id"


def test_a_failed_stream_says_what_its_client_was_told(api, openai):
    last = events(api.post("/api/v1/chat/stream", body(REFUSED)))[-1]
    assert last["event"] == "error"
    assert shown(api)["error"] == {"error": last["error"], "message": last["message"]}


def test_questions_and_whole_answers_have_no_error(api, openai):
    answer = api.post("/api/v1/chat", body("stub")).json()
    question, shown = api.get(f"/api/v1/conversations/{answer['conversation_id']}").json()["messages"]
    assert (question["error"], shown["error"], shown["status"]) == (None, None, "complete")
    assert Message.objects.get(role="assistant").request_id is None


def test_an_answer_that_its_client_left_says_that_it_was_given_up(api, openai):
    response = api.post("/api/v1/chat/stream", {**body("stub?hang=mid"), "on_disconnect": "stop"})
    chunks = iter(response.streaming_content)
    next(chunks)
    response.close()
    assert shown(api)["error"]["error"] == "interrupted"


def test_an_answer_that_was_cut_says_so(api, openai):
    answer = api.post("/api/v1/chat", body("stub?size=1100000"))
    assert answer.status_code == 200
    message = answer.json()["message"]
    assert message["status"] == "interrupted"
    assert message["error"] == {
        "error": "provider_error",
        "message": "The answer was cut at 1,000,000 characters.",
    }


def test_exports_have_it(api, openai):
    response = api.post("/api/v1/chat", body(REFUSED))
    path = f"/api/v1/conversations/{response.json()['details']['conversation_id']}/export"
    text = api.get(f"{path}?format=markdown").getvalue().decode()
    assert text.endswith(f", error\n\n> **api_key_refused**: {told(response)['message']}\n"), text
    document = json.loads(api.get(f"{path}?format=json").getvalue())
    assert [message["error"] for message in document["messages"]] == [None, told(response)]


def test_an_export_runs_nothing_of_what_a_provider_wrote(api, openai):
    api.post("/api/v1/chat", body("stub"))
    answer = Message.objects.get(role="assistant")
    Message.objects.filter(pk=answer.pk).update(error="provider_error", error_message="<img src=x>\n# not a heading")
    text = api.get(f"/api/v1/conversations/{answer.conversation_id}/export?format=markdown").getvalue().decode()
    assert "<img" not in text
    assert "\n# not" not in text


def test_the_admin_shows_it_and_leads_to_the_request(api, openai, admin_client):
    response = api.post("/api/v1/chat", body(REFUSED), HTTP_X_REQUEST_ID="the-id")
    answer = Message.objects.get(role="assistant")
    page = admin_client.get(f"/admin/conversations/message/{answer.pk}/change/").content.decode()
    conversation = admin_client.get(f"/admin/conversations/conversation/{answer.conversation_id}/change/")
    failed = f'<p class="failed">api_key_refused: {told(response)["message"]}</p>'
    assert failed in page
    assert failed in conversation.content.decode()
    assert '<a href="/admin/perf/request/?id=the-id">the-id</a>' in page
