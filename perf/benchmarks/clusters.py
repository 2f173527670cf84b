"""A PostgreSQL server of its own in a temporary folder, for measurements and tests that stop it."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perf.benchmarks.processes import free_port

PATIENCE = 60  # seconds for the server to start or to stop


class NoPostgreSQL(Exception):
    """There is no `initdb` on this machine."""


class Cluster:
    """A server that can be stopped and started; `url` is that of its one database."""

    def __init__(self, programs: Path, folder: Path, owner: str | None) -> None:
        self._programs, self._folder, self._owner = programs, folder, owner
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync")
        with (folder / "postgresql.conf").open("a") as settings:
            settings.write(f"\nlisten_addresses = '127.0.0.1'\nport = {self.port}\n")
            settings.write(f"unix_socket_directories = '{folder}'\nfsync = off\n")

    def start(self) -> None:
        """Start the server, returning when it takes connections."""
        self._run("pg_ctl", "start", "--wait", f"--log={self._folder / 'log'}", f"--timeout={PATIENCE}")

    def stop(self) -> None:
        """Stop the server, ending every connection, as its restart does."""
        self._run("pg_ctl", "stop", "--wait", "--mode=fast", f"--timeout={PATIENCE}")

    def freeze(self) -> None:
        """Let the server take connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """End what `freeze` began."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to the server's first process and to those that it made for connections."""
        first = int((self._folder / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for process in (first, *map(int, children)):
            os.kill(process, number)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), f"--pgdata={self._folder}", *arguments]
        subprocess.run(  # noqa: S603
            command, user=self._owner, cwd=self._folder, check=True, timeout=2 * PATIENCE, stdout=subprocess.DEVNULL
        )


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a server until the end of the block; raises NoPostgreSQL where there is none to run."""
    programs = _programs()
    owner = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    with tempfile.TemporaryDirectory(prefix="llmselect-postgresql-") as folder:
        if owner:
            shutil.chown(folder, owner)
        made = Cluster(programs, Path(folder), owner)
        made.start()
        try:
            yield made
        finally:
            if (Path(folder) / "postmaster.pid").exists():
                made.stop()


def _programs() -> Path:
    """Find the folder of `initdb`; Debian keeps one for each version outside the search path."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    if versions := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return versions[-1].parent
    raise NoPostgreSQL("There is no initdb here; install PostgreSQL's server programs.")
