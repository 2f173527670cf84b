"""`llmselect/auto` for clients of other protocols."""

import pytest

from conversations.models import Message, SelectionSettings
from tests.conversations.gateway.conftest import claude, client, token
from tests.conversations.selection.helpers import CODE, vote

__all__ = ["claude", "client", "token"]

pytestmark = pytest.mark.django_db(transaction=True)

AUTO = "llmselect/auto"
ASKED = [{"role": "user", "content": CODE}]


@pytest.fixture(autouse=True)
def prefers(ann, openai, anthropic):
    """Have Ann prefer a model that fails to one of Anthropic's."""
    names = ["openai/stub?status=500", "anthropic/stub?reply=Hi"]
    SelectionSettings.objects.create(user=ann, candidates=names)
    vote(ann, *names, times=20)


def test_a_completion_falls_to_the_next_and_says_why(client):
    raw = client.chat.completions.with_raw_response.create(model=AUTO, messages=ASKED)
    assert raw.parse().choices[0].message.content == "Hi"
    assert raw.headers["x-llmselect-model"] == "anthropic/stub?reply=Hi"
    assert raw.headers["x-llmselect-reason"].startswith("By your 20 votes")
    assert Message.objects.get(role="assistant").provider == "anthropic"


def test_a_streamed_completion(client):
    with client.chat.completions.create(model=AUTO, messages=ASKED, stream=True) as stream:
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices) == "Hi"


def test_a_message_of_anthropics_protocol(claude):
    assert claude.messages.create(model=AUTO, messages=ASKED, max_tokens=9).content[0].text == "Hi"


def test_it_is_listed_first_and_shown(client):
    first = client.models.list().data[0]
    assert (first.id, first.owned_by) == (AUTO, "llmselect")
    assert client.models.retrieve(AUTO) == first


def test_other_models_say_no_reason(client):
    raw = client.chat.completions.with_raw_response.create(model="anthropic/stub?reply=Hi", messages=ASKED)
    assert "x-llmselect-reason" not in raw.headers
