"""A provider that needs no key and no network: it answers with what it was told, for first steps and demonstrations."""

import re
from collections.abc import Iterator, Sequence

from models_registry.calls.usage import Usage
from models_registry.errors import ProviderError
from models_registry.providers.base import FinishReason, ListedModel, Prompt, ProviderClient
from models_registry.providers.cancellation import current_token

PAUSES = {"echo-fast": 0.0, "echo-slow": 0.05}  # seconds before each word
WORD = re.compile(r"\s*\S+\s*|\s+")


class EchoClient(ProviderClient):
    """Says the last message again."""

    def prefills(self, model: str, prompt: Prompt) -> bool:  # noqa: ARG002 - others look at it
        """Go on where an answer stopped."""
        return True

    def stream(self, model: str, prompt: Prompt) -> "EchoStream":
        """Answer word by word."""
        if model not in PAUSES:
            raise ProviderError(f"The echo has no model {model!r}.", status=404)
        return EchoStream(prompt, PAUSES[model])

    def list_models(self) -> list[ListedModel]:
        """List the fast and the slow echo."""
        return [ListedModel(id=model, name=model.replace("-", " ").title()) for model in PAUSES]


class EchoStream:
    """Words at the model's pace, whitespace kept; usage counts words."""

    def __init__(self, prompt: Prompt, pause: float) -> None:
        self.usage: Usage | None = None
        self.finish_reason: FinishReason | None = None
        self.tools: Sequence[str] = ()
        self._prompt = prompt
        self._pause = pause
        self._token = current_token()

    def __iter__(self) -> Iterator[str]:
        pause, begun = self._pause, self._prompt.prefill
        question = self._prompt.messages[-2 if begun else -1].content
        answer = question.removeprefix(begun)
        for word in WORD.findall(answer):
            if self._token.wait(pause) if pause else self._token.is_cancelled:
                return
            yield word
        self.finish_reason = "stop"
        sent = [self._prompt.system or "", *(turn.content for turn in self._prompt.messages)]
        asked = sum(len(text.split()) for text in sent)
        self.usage = Usage(input_tokens=asked, output_tokens=len(answer.split()))

    def close(self) -> None:
        """Stop, also in the middle of a pause."""
        self._token.cancel()
