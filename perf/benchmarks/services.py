"""PostgreSQL and Redis servers of their own in temporary folders, for measurements and tests that stop them."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import redis

from perf.benchmarks.processes import free_port, wait_until

PATIENCE = 60  # seconds for PostgreSQL to start or to stop


class NoPostgreSQL(Exception):
    """There is no `initdb` on this machine."""


class PostgreSQLServer:
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
        for process in self._processes():
            process.suspend()

    def thaw(self) -> None:
        """End what `freeze` began."""
        for process in self._processes():
            process.resume()

    def _processes(self) -> list[psutil.Process]:
        """Return the server's first process and those that it made for connections."""
        first = psutil.Process(int((self._folder / "postmaster.pid").read_text().split()[0]))
        return [first, *first.children()]

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), f"--pgdata={self._folder}", *arguments]
        subprocess.run(  # noqa: S603
            command, user=self._owner, cwd=self._folder, check=True, timeout=2 * PATIENCE, stdout=subprocess.DEVNULL
        )


@contextmanager
def postgresql_server() -> Iterator[PostgreSQLServer]:
    """Run a server until the end of the block; raises NoPostgreSQL where there is none to run."""
    # Debian keeps the programs of each version outside the search path.
    found = [shutil.which("initdb"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)]
    if not (programs := [Path(each).parent for each in found if each]):
        raise NoPostgreSQL("There is no initdb here; install PostgreSQL's server programs.")
    owner = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    with tempfile.TemporaryDirectory(prefix="llmselect-postgresql-") as folder:
        if owner:
            shutil.chown(folder, owner)
        server = PostgreSQLServer(programs[0], Path(folder), owner)
        server.start()
        try:
            yield server
        finally:
            if (Path(folder) / "postmaster.pid").exists():
                server.stop()


class RedisServer:
    """A server that can be killed and started; `client` is connected to it."""

    def __init__(self, folder: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port)
        program = shutil.which("redis-server") or "redis-server"
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""]

    def start(self) -> None:
        """Start the server with the data of its last snapshot, if there is one; raises TimeoutError."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)  # noqa: S603
        wait_until(self.client.ping, "a Redis server", passing=redis.ConnectionError)

    def kill(self) -> None:
        """End the server as a crash would."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Let the server keep its connections and answer nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """End what `freeze` began."""
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run a server until the end of the block; raises FileNotFoundError where there is none to run."""
    with tempfile.TemporaryDirectory(prefix="llmselect-redis-") as folder:
        server = RedisServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()
