"""A fake provider for tests and benchmarks: it speaks OpenAI's and Anthropic's wire formats and plays scripts."""

from models_registry.fake_provider.script import Script
from models_registry.fake_provider.server import FakeProvider, serve
from models_registry.fake_provider.state import ReceivedRequest

__all__ = ["FakeProvider", "ReceivedRequest", "Script", "serve"]
