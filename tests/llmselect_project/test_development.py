"""What only development has, seen in a process of its own: the tests' settings are another environment's."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

PROBE = """
import sys, django
django.setup()
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
response = Client(headers=dict(pair.split("=", 1) for pair in sys.argv[2:])).get(sys.argv[1])
print(response.status_code, b"djDebug" in response.content)
"""


def seen(path, *headers, **variables):
    """Ask for a path with the toolbar switched on, unless the variables say otherwise."""
    environment = {**os.environ, "DJANGO_ENV": "development", "DJANGO_SETTINGS_MODULE": "llmselect_project.settings"}
    environment |= {"DEBUG_TOOLBAR": "true", **variables}
    command = [sys.executable, "-c", PROBE, path, *headers]
    run = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


@pytest.mark.parametrize("path", ["/admin/login/", "/api/docs"])
def test_pages_show_the_debug_toolbar(path):
    assert seen(path, "Accept=text/html") == ["200", "True"]


@pytest.mark.parametrize("variables", [{"DEBUG_TOOLBAR": "false"}, {"DEBUG_TOOLBAR": ""}])
def test_it_is_for_whoever_asks_for_it(variables):
    assert seen("/admin/login/", "Accept=text/html", **variables) == ["200", "False"]


def test_api_calls_never_do():
    assert seen("/health/live", "Accept=application/json") == ["200", "False"]
    assert seen("/health/live", "Accept=text/html", "Authorization=Bearer x") == ["200", "False"]
