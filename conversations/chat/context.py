"""Long conversations: which turns a model's context window holds, and questions that it cannot hold.

Tokens are estimated (`estimate_tokens` of the registry), so a call is refused here only where the estimate leaves
no doubt; everything else is left to the provider.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from rest_framework import status
from rest_framework.exceptions import APIException

from models_registry.calls.completion import ResolvedModel
from models_registry.calls.inputs import turn_tokens
from models_registry.calls.usage import estimate_tokens
from models_registry.models import LLMModel
from models_registry.providers.base import Prompt, Turn

Mode = Literal["full", "auto"]

TURN_TOKENS = 4  # of the marks around a turn; https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken
MARGIN = 0.9  # of what is left for history, since estimates are rough
# A text has fewer tokens than estimated if it repeats itself. In this many windows even then it does not fit.
BEYOND_DOUBT: dict[Mode, float] = {"full": 2.0, "auto": 1.25}
OUTPUT_TOKENS = 4_096  # kept free where neither the user nor the registry knows a limit
LARGEST_OUTPUT = 0.25  # of the window, kept free unless the user asks for more


class ContextLengthExceeded(APIException):
    """What is to be sent has more tokens than the model holds; `details` have both numbers."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "context_length_exceeded"

    def __init__(self, tokens: int, limit: int, *, alone: bool) -> None:
        what = "The question" if alone else "The conversation"
        advice = "Shorten it" if alone else "Send `context: auto` to leave out its oldest messages"
        super().__init__(f"{what} has about {tokens:,} tokens, and the model holds {limit:,}. {advice}.")
        self.details = {"prompt_tokens": tokens, "context_window": limit}


class Fitted(NamedTuple):
    """The turns to send, and the number of those left out."""

    messages: Sequence[Turn]
    dropped: int


def fit(model: ResolvedModel, prompt: Prompt, mode: Mode, *, last: int = 1) -> Fitted:
    """Return what of a prompt's messages to send: all, or in `auto` mode without the oldest pairs that do not fit.

    The system prompt and the `last` messages, of which the first is the question, are always sent. Without a known
    context window all is. Raises ContextLengthExceeded if the question alone, or in `full` mode the conversation, is
    beyond doubt too long.
    """
    window = None if model.registered is None else model.registered.context_window
    if model.registered is None or not window:
        return Fitted(prompt.messages, 0)
    history, asked = prompt.messages[:-last], prompt.messages[-last:]
    needed = (estimate_tokens(prompt.system) + TURN_TOKENS if prompt.system else 0) + sum(map(_tokens, asked))
    if needed > window * BEYOND_DOUBT[mode]:
        raise ContextLengthExceeded(needed, window, alone=True)
    if mode == "full":
        whole = needed + sum(map(_tokens, history))
        if whole > window * BEYOND_DOUBT[mode]:
            raise ContextLengthExceeded(whole, window, alone=False)
        return Fitted(prompt.messages, 0)
    left = (window - _output(model.registered, prompt, window)) * MARGIN - needed
    kept, size = len(history), 0
    for place in range(len(history) - 1, -1, -1):
        size += _tokens(history[place])
        if size > left:
            break
        if history[place].role == "user" or place == 0:  # a pair begins with its question
            kept = place
    return Fitted([*history[kept:], *asked], kept)


def _output(registered: LLMModel, prompt: Prompt, window: int) -> int:
    """Return the tokens to keep free for the answer."""
    if prompt.max_tokens is not None:
        return prompt.max_tokens
    return min(registered.max_output_tokens or OUTPUT_TOKENS, int(window * LARGEST_OUTPUT))


def _tokens(turn: Turn) -> int:
    return turn_tokens(turn) + TURN_TOKENS
