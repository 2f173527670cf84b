"""What has arrived of an answer, piece by piece, and estimates of tokens where the provider counts none."""

import json

from models_registry.calls.inputs import turn_tokens
from models_registry.calls.usage import estimate_tokens
from models_registry.errors import EmptyAnswer
from models_registry.providers.base import (
    CompletionStream,
    Part,
    Piece,
    Prompt,
    Reasoning,
    Relayed,
    Signature,
    ToolDelta,
)

# Why an answer may have no text, by how it ended.
EMPTY = {
    "length": "The model reached its limit of output tokens (max_tokens) before it answered.",
    "content_filter": "The provider's content filter withheld the answer.",
    "refusal": "The model refused to answer.",
    "tool_calls": "The model asked for tools that it was not given, and answered nothing.",
}


class Collected:
    """The text, reasoning and tool calls of an answer so far."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self.signature = ""  # the vendor's proof that the reasoning is its own
        self._tools: dict[int, ToolDelta] = {}

    def take(self, piece: Piece | Relayed, *, with_tools: bool) -> bool:
        """Add a piece; tells whether it is for the reader too: all but texts only where the prompt has tools."""
        if isinstance(piece, Relayed):
            for each in piece.pieces:
                self._add(each)
            return True
        self._add(piece)
        return isinstance(piece, str) or (with_tools and isinstance(piece, ToolDelta | Signature))

    def _add(self, piece: Piece) -> None:
        if isinstance(piece, str):
            (self._reasoning if isinstance(piece, Reasoning) else self._text).append(piece)
        elif isinstance(piece, Signature):
            self.signature += piece.text
        else:
            earlier = self._tools.get(piece.number, ToolDelta(piece.number))
            named = ToolDelta(piece.number, earlier.id or piece.id, earlier.name or piece.name)
            self._tools[piece.number] = named._replace(arguments=earlier.arguments + piece.arguments)

    @property
    def text(self) -> str:
        """The answer itself."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        """What the model thought, as far as the provider tells."""
        return "".join(self._reasoning)

    @property
    def tool_calls(self) -> list[Part]:
        """The calls that the model asked for, as parts."""
        return [
            {"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments or "{}"}
            for _, call in sorted(self._tools.items())
        ]

    @property
    def parts(self) -> list[Part] | None:
        """All of an answer that asks for tools; None for one that does not."""
        if not self._tools:
            return None
        thought = {"type": "reasoning", "text": self.reasoning, "signature": self.signature}
        text = {"type": "text", "text": self.text}
        return [*([thought] if self.signature else []), *([text] if self.text else []), *self.tool_calls]

    @property
    def tokens(self) -> int:
        """An estimate of the tokens that were written."""
        called = "".join(call["name"] + call["arguments"] for call in self.tool_calls)
        return estimate_tokens(self.text + self.reasoning + called)


def empty_answer(stream: CompletionStream, reasoning: str) -> EmptyAnswer:
    """Say why an answer that ended has no text."""
    if stream.tools:
        tools = ", ".join(stream.tools)
        return EmptyAnswer(f"The model asked for tools that it was not given ({tools}), and answered nothing.")
    if reasoning.strip() and stream.finish_reason != "length":
        return EmptyAnswer("The model thought, and answered nothing.")
    return EmptyAnswer(EMPTY.get(stream.finish_reason or "stop"))


def prompt_tokens(prompt: Prompt) -> int:
    """Estimate the tokens of a prompt: of its texts, images and documents, its tools and what they answered."""
    others = [f"{tool.name}{tool.description}{json.dumps(tool.parameters)}" for tool in prompt.tools]
    alone = [turn.content for turn in prompt.messages if turn.parts is None]
    more = sum(turn_tokens(turn) for turn in prompt.messages if turn.parts is not None)
    return estimate_tokens("".join([prompt.system or "", *alone, *others])) + more
