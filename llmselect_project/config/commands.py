"""How a command is written so that it works where it is read, and the address that a browser takes."""

import os
import shlex
import sys


def command_line(*arguments: str) -> str:
    """Write a management command with the interpreter that runs now, like `.venv/bin/python manage.py migrate`."""
    relative = os.path.relpath(sys.executable)
    python = sys.executable if relative.startswith(os.pardir) else relative
    return shlex.join([python, "manage.py", *arguments])


def browser_url(host: str, port: int) -> str:
    """Write the base URL under which this machine reaches a server that listens on `host` and `port`."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104  # every address, the loopback among them
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
