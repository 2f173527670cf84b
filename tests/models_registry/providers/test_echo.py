import threading
import time
from functools import partial

import pytest

from models_registry.calls.usage import Usage
from models_registry.errors import ProviderError
from models_registry.providers import CLIENTS
from models_registry.providers.base import ListedModel, Prompt, Turn
from tests.models_registry.providers.helpers import Answered, ask, drain, whole

PROMPT = "  Hello,\n\tyou   there \n"


@pytest.fixture
def echo():
    return CLIENTS["echo"](api_key="")


def test_it_streams_the_last_message_word_by_word_with_its_whitespace(echo):
    pieces, error = drain(echo.stream(*ask("echo-fast", PROMPT)))
    assert (pieces, error) == (["  Hello,\n\t", "you   ", "there \n"], None)
    assert "".join(pieces) == PROMPT


def test_usage_counts_words(echo):
    turns = [Turn("user", "one two"), Turn("assistant", "three"), Turn("user", "four five six")]
    sent = Prompt(messages=turns, system="be brief")
    assert whole(echo, "echo-fast", sent) == Answered("four five six", Usage(input_tokens=8, output_tokens=3))


@pytest.mark.parametrize("prompt", ["", "   "])
def test_a_prompt_without_words(echo, prompt):
    assert whole(echo, *ask("echo-fast", prompt)) == Answered(prompt, Usage(input_tokens=0, output_tokens=0))


def test_the_slow_one_takes_its_time(echo):
    started = time.monotonic()
    assert whole(echo, *ask("echo-slow", "a b c d")).text == "a b c d"
    assert time.monotonic() - started >= 0.2


def test_close_ends_it_in_the_middle_of_a_pause(echo):
    stream = echo.stream(*ask("echo-slow", "word " * 1000))
    threading.Timer(0.12, stream.close).start()
    pieces, error = drain(stream)
    assert (set(pieces), error, stream.usage) == ({"word "}, None, None)
    assert len(pieces) < 500


def test_an_unknown_model_is_the_providers_404(echo):
    for call in (partial(whole, echo), echo.stream):
        with pytest.raises(ProviderError) as raised:
            call(*ask("echo-loud"))
        assert raised.value.details == {"status": 404}


def test_its_models(echo):
    assert echo.list_models() == [ListedModel("echo-fast", "Echo Fast"), ListedModel("echo-slow", "Echo Slow")]
