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
        pause, question = self._pause, self._prompt.messages[-1].content
        for word in WORD.findall(question):
            if self._token.wait(pause) if pause else self._token.is_cancelled:
                return
            yield word
        self.finish_reason = "stop"
        sent = [self._prompt.system or "", *(turn.content for turn in self._prompt.messages)]
        asked = sum(len(text.split()) for text in sent)
        self.usage = Usage(input_tokens=asked, output_tokens=len(question.split()))

    def close(self) -> None:
        """Stop, also in the middle of a pause."""
        self._token.cancel()
