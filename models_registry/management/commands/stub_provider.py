"""`manage.py stub_provider`: runs the fake provider in the foreground, for developers and benchmarks."""

import asyncio
import contextlib
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from models_registry.fake_provider.server import HOST, serve
from models_registry.fake_provider.state import State


class Command(BaseCommand):
    """Serves the fake provider until it is interrupted."""

    help = (
        "Serve a fake provider that speaks OpenAI's and Anthropic's wire formats. A model's name scripts the response, "
        "like `stub?reply=Hello+you&delay=0.1` (see models_registry/fake_provider/script.py)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address and the port."""
        parser.add_argument("--port", type=int, default=3045)
        parser.add_argument("--host", default=HOST)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Run the event loop."""
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._serve(options["host"], options["port"]))

    async def _serve(self, host: str, port: int) -> None:
        server, _ = await serve(State(), host=host, port=port)
        port = server.sockets[0].getsockname()[1]
        self.stdout.write(f"OPENAI_BASE_URL=http://{host}:{port}/v1 ANTHROPIC_BASE_URL=http://{host}:{port}")
        self.stdout.flush()
        await server.serve_forever()
