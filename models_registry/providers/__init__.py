"""The provider clients by `ProviderKind`."""

from models_registry.providers.anthropic import AnthropicClient
from models_registry.providers.base import ProviderClient
from models_registry.providers.echo import EchoClient
from models_registry.providers.gemini import GeminiClient
from models_registry.providers.mistral import MistralClient
from models_registry.providers.openai import OpenAIClient
from models_registry.providers.openai_compatible import OpenAICompatibleClient

CLIENTS: dict[str, type[ProviderClient]] = {
    "openai": OpenAIClient,
    "anthropic": AnthropicClient,
    "gemini": GeminiClient,
    "mistral": MistralClient,
    "openai_compatible": OpenAICompatibleClient,
    "echo": EchoClient,
}

__all__ = ["CLIENTS"]
