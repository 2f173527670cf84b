"""Google's Gemini by its OpenAI-compatible endpoint, ai.google.dev/gemini-api/docs/openai."""

from dataclasses import replace
from typing import Any

from models_registry.providers.base import ListedModel
from models_registry.providers.openai import ChatCompletionsClient


class GeminiClient(ChatCompletionsClient):
    """Google answers 400 to a wrong key, and lists its models with a prefix that calls may leave out."""

    default_base_url = "https://generativelanguage.googleapis.com/v1beta/openai/"
    max_tokens_field = "max_tokens"
    refusals = ("API_KEY_INVALID", "API key not valid")

    def listed(self, item: dict[str, Any]) -> ListedModel:
        """Drop the prefix of the id."""
        model = super().listed(item)
        return replace(model, id=model.id.removeprefix("models/"))
