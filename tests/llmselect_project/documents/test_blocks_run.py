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
from tests.llmselect_project.documents.blocks import ROOT, blocks, checkout, plain_environment
from tests.llmselect_project.documents.terminal import COMMANDS, Terminal

# In an order in which they may be read: a page goes on with the session and the data of those before.
GUIDES = [
    f"docs/guides/{name}.md" for name in ("api", "contributing", "inviting-users", "backup", "upgrading", "admin")
]
PAGES = ["README.md", *GUIDES]
NEEDED = {"docs/guides/backup.md": "sqlite3"}
KEY_QUESTION = "your OpenAI key"
PLACEHOLDER = "sk-..."
# In OpenAI's format, and nobody's.
KEY = "sk-proj-0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z"
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
            yield log.read_text()
        finally:
            os.killpg(process.pid, signal.SIGINT)  # Ctrl-C
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def question(block):
    """Return what a block asks the reader for, "" when it asks for nothing."""
    asked = re.search(r'printf "(.*?): "; read', block)
    return asked[1] if asked else ""


@pytest.mark.parametrize("shell", COMMANDS)
def test_every_block_works(tmp_path, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed: nobody knows whether the blocks work in it")
    folder, port = checkout(tmp_path / "llmselect"), free_port()
    with made(shell, folder, port) as said:
        password = re.search(r"Made the account admin with the password (\S+)", said)[1]
        answers = {"admin's password": password, KEY_QUESTION: KEY}
        with Terminal(shell, folder, plain_environment()) as terminal:
            for page in PAGES:
                if (tool := NEEDED.get(page)) and shutil.which(tool) is None:
                    warnings.warn(f"{tool} is not installed: nobody knows whether {page} works", stacklevel=1)
                    continue
                for block in blocks(page):
                    if block.startswith("make "):
                        continue
                    here = block.replace("127.0.0.1:3044", f"127.0.0.1:{port}")
                    asked = question(block)
                    status, shown = terminal.run(here, asked=asked, typed=answers.get(asked, ""))
                    about = f"{page}, in {shell}:\n{block}\n{shown}"
                    assert status == 0, about
                    assert not REFUSED.search(shown), about
                    assert not MISTAKES.search(shown), about
                    assert password not in shown, about
            assert "This is a placeholder, not a key." in stored(terminal, port, PLACEHOLDER)


def stored(terminal, port, key):
    """Run the two blocks of the README that store a key; returns what they show."""
    readme = blocks("README.md")
    asking = next(number for number, block in enumerate(readme) if KEY_QUESTION in block)
    terminal.run(readme[asking], asked=KEY_QUESTION, typed=key)
    return terminal.run(readme[asking + 1].replace("127.0.0.1:3044", f"127.0.0.1:{port}"))[1]


def test_every_make_block_names_a_target():
    named = {
        line for page in PAGES for block in blocks(page) for line in block.splitlines() if line.startswith("make ")
    }
    assert {"make run", "make test", "make test-services", "make check"} <= named
    for command in sorted(named):
        subprocess.run([*command.split(), "-n"], cwd=ROOT, check=True, capture_output=True)
