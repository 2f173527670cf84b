"""The hints of system checks: what they tell to run works when pasted as it is."""

import shlex
import subprocess
import sys

import pytest

from llmselect_project.config.checks import check_encryption_keys, check_somebody_serves_https


@pytest.mark.parametrize("bad", ["x", "b'c2VjcmV0'", "", "ä"])
def test_the_key_that_the_hint_makes_is_one(settings, bad):
    settings.ENCRYPTION_KEYS = [bad]
    [problem] = check_encryption_keys()
    assert (problem.id, problem.msg) == ("llmselect.E001", "Key 1 of ENCRYPTION_KEY is not a Fernet key.")
    python, *arguments = shlex.split(problem.hint.partition(": ")[2])
    made = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True).stdout.strip()
    assert (python, made.startswith("b'")) == ("python", False)
    settings.ENCRYPTION_KEYS = [made]
    assert check_encryption_keys() == []


def test_it_says_which_key(settings):
    settings.ENCRYPTION_KEYS = [*settings.ENCRYPTION_KEYS, "x"]
    assert check_encryption_keys()[0].msg == "Key 2 of ENCRYPTION_KEY is not a Fernet key."


@pytest.mark.parametrize(
    ("redirect", "proxies", "ids"), [(True, 0, ["llmselect.W001"]), (True, 1, []), (False, 0, []), (False, 1, [])]
)
def test_redirects_to_an_https_that_nobody_serves_are_warned_of(settings, redirect, proxies, ids):
    settings.SECURE_SSL_REDIRECT, settings.TRUSTED_PROXIES = redirect, proxies
    assert [problem.id for problem in check_somebody_serves_https()] == ids
