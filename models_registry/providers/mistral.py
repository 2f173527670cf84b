"""Mistral, whose API is OpenAI's but for a few fields, docs.mistral.ai/api."""

from dataclasses import replace
from typing import Any

from models_registry.providers.base import ListedModel, Prompt
from models_registry.providers.client import flag
from models_registry.providers.openai import ChatCompletionsClient


class MistralClient(ChatCompletionsClient):
    """Mistral reports the usage of a stream unasked and refuses fields it does not know."""

    default_base_url = "https://api.mistral.ai/v1"
    stream_usage = False
    max_tokens_field = "max_tokens"
    efforts = {"minimal": "none", "high": "high"}  # docs.mistral.ai/capabilities/reasoning knows no others

    def prefills(self, model: str, prompt: Prompt) -> bool:
        """Leave out models that reason, which begin with that."""
        return prompt.reasoning_effort is None and not self.think_tags and not model.startswith("magistral")

    def repeated(self, prompt: Prompt) -> str:
        """Return all of it: Mistral's answers include the prefix."""
        return prompt.prefill

    def body(self, model: str, prompt: Prompt, *, stream: bool) -> dict[str, Any]:
        """Write PDFs as docs.mistral.ai/capabilities/document_ai/document_qna has them, and the beginning of an answer.

        The last message has that as `prefix` (docs.mistral.ai/guides/prefix).
        """
        body = super().body(model, prompt, stream=stream)
        if prompt.prefill:
            body["messages"][-1]["prefix"] = True
        for message in body["messages"]:
            if isinstance(message["content"], list):
                message["content"] = [_document(part) for part in message["content"]]
        return body

    def listed(self, item: dict[str, Any]) -> ListedModel:
        """Read what the model is capable of."""
        return replace(
            super().listed(item),
            reasoning=flag(item, "capabilities", "reasoning"),
            vision=flag(item, "capabilities", "vision"),
            tools=flag(item, "capabilities", "function_calling"),
        )

    def can_chat(self, item: Any) -> bool:
        """Ask the item's capabilities where it has them."""
        if not super().can_chat(item):
            return False
        capabilities = item.get("capabilities")
        return not isinstance(capabilities, dict) or capabilities.get("completion_chat", True) is True


def _document(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] != "file":
        return part
    file = part["file"]
    return {"type": "document_url", "document_url": file["file_data"], "document_name": file["filename"]}
