"""Any endpoint that speaks OpenAI's chat completions: Ollama, vLLM, OpenRouter, Groq, Azure and others."""

from models_registry.providers.openai import NEEDS_COMPLETION_TOKENS, OpenAIClient


class OpenAICompatibleClient(OpenAIClient):
    """Older servers know only `max_tokens`, OpenAI's newer models behind a gateway only the other."""

    default_base_url = ""

    def max_tokens_field(self, model: str) -> str:
        """Name the parameter by the model."""
        return "max_completion_tokens" if NEEDS_COMPLETION_TOKENS.match(model) else "max_tokens"
