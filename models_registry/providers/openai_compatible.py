"""Any endpoint that speaks OpenAI's chat completions: Ollama, vLLM, OpenRouter, Groq, Azure and others."""

from models_registry.providers.openai import ChatCompletionsClient


class OpenAICompatibleClient(ChatCompletionsClient):
    """Most servers know `max_tokens`; one that wants the other name says so, and is believed."""

    default_base_url = ""
    max_tokens_field = "max_tokens"
