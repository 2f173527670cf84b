"""`manage.py stub_provider`: runs the fake provider in the foreground, for developers and benchmarks."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from models_registry.fake_provider.recordings import load
from models_registry.fake_provider.server import HOST, serve
from models_registry.fake_provider.state import State

PORT = 3144  # far from the server's, because people who need another one take the next


class Command(BaseCommand):
    """Serves the fake provider until it is interrupted."""

    help = (
        "Serve a fake provider that speaks OpenAI's and Anthropic's wire formats. A model's name scripts the response, "
        "like `stub?reply=Hello+you&delay=0.1` (see models_registry/fake_provider/script.py). With --recordings the "
        "models named like the JSON files of a folder play what is recorded there (fake_provider/recordings.py)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address and the port."""
        parser.add_argument("--port", type=int, default=PORT, help=f"port to listen on, {PORT} by default; 0 is any")
        parser.add_argument("--host", default=HOST)
        parser.add_argument("--recordings", type=Path, metavar="DIR", help="a folder with one recording a file")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Run the event loop."""
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._serve(options["host"], options["port"], options["recordings"]))

    async def _serve(self, host: str, port: int, folder: Path | None) -> None:
        try:
            recordings = {} if folder is None else load(folder)
        except (OSError, ValueError) as error:
            raise CommandError(f"The recordings cannot be read: {error}") from None
        try:
            server, _ = await serve(State(recordings=recordings), host=host, port=port)
        except (OSError, OverflowError) as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error}. Choose another port with --port.") from None
        port = server.sockets[0].getsockname()[1]
        self.stdout.write(f"OPENAI_BASE_URL=http://{host}:{port}/v1 ANTHROPIC_BASE_URL=http://{host}:{port}")
        self.stdout.flush()
        await server.serve_forever()
