"""Every block of the README and of the pages that lead a newcomer works as printed, in the shells that people have."""

import os
import re
import shutil
import signal
import subprocess
import warnings
from contextlib import contextmanager, suppress

import pytest

from perf.benchmarks.processes import free_port, wait_for
from tests.helpers import eventually
from tests.llmselect_project.documents.blocks import ROOT, blocks, checkout, plain_environment
from tests.llmselect_project.documents.terminal import COMMANDS, Terminal

# In an order in which they may be read: a page goes on with the session and the data of those before.
GUIDES = [
    f"docs/guides/{name}.md" for name in ("api", "contributing", "inviting-users", "backup", "upgrading", "admin")
]
PAGES = ["README.md", *GUIDES]
NEEDED = {"docs/guides/backup.md": "sqlite3"}
KEY_QUESTION = "your OpenAI key"
# In OpenAI's format, and nobody's.
KEY = "sk-proj-0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z"
NEW_PASSWORD = r" a-9-\"new\horse "  # with all that JSON and `read` treat in their own way
REFUSED = re.compile(r'\{"error":"\w+","message":"[^"]*"')
MISTAKES = re.compile(r"not found|no matches|syntax error|parse error|unexpected|bad substitution|Traceback|curl: \(")


@contextmanager
def made(shell, folder, port):
    """Run the README's first block, `make run`, in a shell; yields the password that it shows."""
    command = [COMMANDS[shell][0], "-c", blocks("README.md")[0]]
    environment = plain_environment(PORT=str(port))
    log = folder / "make-run.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/health/live")
            assert eventually(lambda: "/api/docs" in log.read_text())  # the addresses come once the server answers
            yield log.read_text()
        finally:
            os.killpg(process.pid, signal.SIGINT)  # Ctrl-C
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def asks(block):
    """Return what a block asks the reader for, "" when it asks for nothing."""
    asked = re.search(r'printf "(.*?): "; IFS= read', block)
    return asked[1] if asked else ""


class Reader:
    """Types the blocks of pages into a terminal, as somebody does who follows them."""

    def __init__(self, terminal, port, password):
        self.terminal, self.port = terminal, port
        self.answers = {"admin's password": password, KEY_QUESTION: KEY}

    def type(self, block):
        """Type a block and what it asks for; returns its exit status and what was shown."""
        asked = asks(block)
        answers = [(asked, self.answers[asked])] if asked else []
        return self.terminal.run(block.replace("127.0.0.1:3044", f"127.0.0.1:{self.port}"), *answers)

    def follow(self, page):
        """Type all blocks of a page but those for make, each of which must work."""
        for block in blocks(page):
            if block.startswith("make "):
                continue
            status, shown = self.type(block)
            about = f"{page}:\n{block}\n{shown}"
            assert status == 0, about
            assert not REFUSED.search(shown), about
            assert not MISTAKES.search(shown), about
            assert self.answers["admin's password"] not in shown, about

    def store_key(self, key):
        """Type the two blocks of the README that store a key; returns what the second one shows."""
        self.answers[KEY_QUESTION] = key
        readme = blocks("README.md")
        place = [asks(block) for block in readme].index(KEY_QUESTION)
        self.type(readme[place])
        return self.type(readme[place + 1])[1]

    def check_that_the_script_refreshes(self):
        """Break the access token in the file of the API guide's functions; they get another, and keep both new ones."""
        session = "$HOME/.llmselect-session"
        status, shown = self.terminal.run(
            f"""cp "{session}" before; sed -i 's/"access":"[^"]*"/"access":"expired"/' "{session}"; api $API/auth/me"""
        )
        assert (status, '"username":"admin"' in shown) == (0, True), shown
        status, shown = self.terminal.run(
            f"""stat -c %a "{session}"; grep -c expired "{session}"; diff -q before "{session}" >&-"""
        )
        assert re.findall(r"^\d+$", shown, re.MULTILINE) == ["600", "0"], shown
        assert status != 0

    def change_password(self, said):
        """Run the command that `make run` names for another password, and log in with it as the README says."""
        command = re.search(r"`(.* changepassword admin)`", said)[1]
        status, shown = self.terminal.run(command, ("Password", NEW_PASSWORD), ("Password (again)", NEW_PASSWORD))
        assert status == 0, shown
        self.answers["admin's password"] = NEW_PASSWORD
        first, second = blocks("docs/guides/api.md")[:2]
        self.type(first)
        return self.type(second)[1]


@pytest.mark.parametrize("shell", COMMANDS)
def test_every_block_works(tmp_path, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed: nobody knows whether the blocks work in it")
    folder, port = checkout(tmp_path / "llmselect"), free_port()
    environment = plain_environment(HOME=str(tmp_path))
    with made(shell, folder, port) as said, Terminal(shell, folder, environment) as terminal:
        password = re.search(r"Made the account admin with the password (\S+)", said)[1]
        reader = Reader(terminal, port, password)
        for page in PAGES:
            if (tool := NEEDED.get(page)) and shutil.which(tool) is None:
                warnings.warn(f"{tool} is not installed: nobody knows whether {page} works", stacklevel=1)
                continue
            reader.follow(page)
        assert "This is a placeholder, not a key." in reader.store_key("sk-...")
        reader.check_that_the_script_refreshes()
        assert re.search(r'[^"]Logged in\.', reader.change_password(said))
        for path in ("/admin/", "/api/docs"):
            assert f"http://127.0.0.1:{port}{path}" in said


def test_every_make_block_names_a_target():
    named = {
        line for page in PAGES for block in blocks(page) for line in block.splitlines() if line.startswith("make ")
    }
    assert {"make run", "make test", "make test-services", "make check"} <= named
    for command in sorted(named):
        subprocess.run([*command.split(), "-n"], cwd=ROOT, check=True, capture_output=True)
