"""What `make run` and the image install: all that the server needs, and no tools of developers."""

import re
import subprocess

import pytest

from tests.llmselect_project.documents.blocks import ROOT, plain_environment

TOOLS = {"django-debug-toolbar", "pytest", "pytest-django"}


def names(requirements):
    return {re.split(r"[\[=]", line)[0] for line in requirements.splitlines() if line and not line.startswith("#")}


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_the_tools_stay_out(file):
    text = (ROOT / file).read_text().replace("$$", "$")
    command = re.search(r"(sed '\S+[^']*' requirements\.txt) >", text)[1]
    kept = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env=plain_environment(), capture_output=True, text=True, check=True
    ).stdout
    everything = names((ROOT / "requirements.txt").read_text())
    assert names(kept) == everything - TOOLS
    assert everything >= {"Django", "djangorestframework", "django-redis", "psycopg", *TOOLS}


def test_a_failed_install_says_what_it_needs(tmp_path):
    """A pip that fails stands for one without a network; making the environment is left out."""
    for name in ("Makefile", "requirements.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    fake = "#!/bin/sh\necho 'ERROR: No matching distribution found' >&2\nexit 1\n"
    pip = tmp_path / ".venv" / "bin" / "pip"
    pip.write_text(fake)
    pip.chmod(0o700)
    command = ["make", "run", "PYTHON=true"]
    run = subprocess.run(command, cwd=tmp_path, env=plain_environment(), capture_output=True, text=True)
    assert run.returncode != 0
    assert "No matching distribution found" in run.stderr
    assert "This needs a connection to pypi.org" in run.stderr
