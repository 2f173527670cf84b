"""A shell in a terminal, as a reader has it: what is typed is echoed, and `read` waits for the keyboard."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping
from pathlib import Path

# Without the files of whoever runs the tests.
COMMANDS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "dash": ["dash", "-i"],
}
WIDE = struct.pack("HHHH", 50, 4000, 0, 0)  # rows and columns: no line is wrapped
PATIENCE = 120.0  # seconds
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r(?=\n)")


class Terminal:
    """Runs one interactive shell on a pseudo-terminal; leave the `with` block to end it."""

    def __init__(self, shell: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(COMMANDS[shell][0], COMMANDS[shell], dict(environment))
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, WIDE)
        self.count = 0

    def __enter__(self) -> "Terminal":
        self.run("true")
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up, as closing the window does; jobs of the shell end with it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGHUP)
        os.close(self.terminal)
        os.waitpid(self.pid, 0)

    def run(self, block: str, *answers: tuple[str, str]) -> tuple[int, str]:
        """Type a block, and the second of each pair once it asks the first; returns its exit status and what was shown.

        Raises TimeoutError when the block does not end, or does not ask.
        """
        self.count += 1
        # The shell echoes the command, in which the mark is not yet put together.
        mark = f"printf '\\nend-%s-%s.\\n' {self.count} $?\n"
        # What is typed ahead of a question may be thrown away, so the mark then goes on the block's line.
        self._type(block.rstrip("\n") + ("; " if answers else "\n") + mark)
        for asked, typed in answers:
            self._until(rf"[^\"]{re.escape(asked)}: $")  # in the echo of the block a quotation mark precedes it
            self._type(typed + "\n")
        shown = self._until(rf"end-{self.count}-(\d+)\.\r?\n")
        status = int(re.search(rf"end-{self.count}-(\d+)\.", shown)[1])
        return status, _ESCAPES.sub("", shown)

    def _type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def _until(self, pattern: str) -> str:
        shown, deadline = "", time.monotonic() + PATIENCE
        while not re.search(pattern, shown):
            ready, _, _ = select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"The shell showed no {pattern!r}, but: {shown[-2000:]}")
            shown += os.read(self.terminal, 65536).decode(errors="replace")
        return shown
