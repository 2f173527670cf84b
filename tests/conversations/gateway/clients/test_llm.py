"""The command `llm` (llm.datasette.io) with a plain entry for a model: whole, streamed, with tools, and going on."""

import os
import subprocess
import sys

import pytest

from conversations.models import Conversation, Message
from tests.conversations.gateway.helpers import scripted

pytestmark = pytest.mark.django_db(transaction=True)

EACH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
ENTRY = """\
- model_id: mine
  model_name: {model}
  api_base: {url}/v1
  api_key_name: llmselect
  supports_tools: true
  supports_schema: true
"""
FUNCTIONS = """
def weather(city: str) -> str:
    "Tells how the weather is."
    return f"Sunny in {city}."
"""


@pytest.fixture
def llm(live_server, token, tmp_path, openai, anthropic):
    def run(model, *arguments):
        (tmp_path / "extra-openai-models.yaml").write_text(ENTRY.format(model=model, url=live_server.url))
        command = [sys.executable, "-m", "llm", "prompt", "-m", "mine", "--key", token, *arguments]
        environ = {**os.environ, "LLM_USER_PATH": str(tmp_path)}
        done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@EACH
@pytest.mark.parametrize("more", [[], ["--no-stream"]], ids=["streamed", "whole"])
def test_it_answers(llm, provider, more):
    assert llm(scripted(provider, reply="Hi there, Ann"), "Hello", "-s", "Be kind.", *more) == "Hi there, Ann"
    assert Conversation.objects.get().system == "Be kind."


@EACH
def test_it_goes_on(llm, provider):
    model = scripted(provider, reply="Fine.")
    llm(model, "How are you?")
    llm(model, "And now?", "--continue")
    assert Conversation.objects.get().message_count == 4


@EACH
def test_it_calls_tools(llm, provider):
    model = scripted(provider, tool="weather", arguments='{"city":"Rome"}')
    assert llm(model, "How is Rome?", "--functions", FUNCTIONS) == "Sunny in Rome."
    assert Message.objects.filter(role="user").order_by("-created_at")[0].parts[0]["type"] == "tool_result"


@EACH
def test_it_takes_the_form_that_is_wanted(llm, provider):
    assert llm(scripted(provider, reply='{"city":"Rome"}'), "Where?", "--schema", "city, country") == '{"city":"Rome"}'
