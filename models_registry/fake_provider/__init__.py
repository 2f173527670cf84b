"""A scripted provider that speaks OpenAI's and Anthropic's wire formats on the loopback, for tests and benchmarks."""

from models_registry.fake_provider.script import Script
from models_registry.fake_provider.server import StubServer, serve
from models_registry.fake_provider.state import Received

__all__ = ["Received", "Script", "StubServer", "serve"]
