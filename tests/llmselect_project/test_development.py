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


def seen(path, *headers, asked_for="true"):
    development = {"DJANGO_ENV": "development", "DEBUG_TOOLBAR": asked_for}
    environment = {**os.environ, **development, "DJANGO_SETTINGS_MODULE": "llmselect_project.settings"}
    command = [sys.executable, "-c", PROBE, path, *headers]
    run = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


@pytest.mark.parametrize("path", ["/admin/login/", "/api/docs"])
def test_pages_show_the_debug_toolbar(path):
    assert seen(path, "Accept=text/html") == ["200", "True"]


@pytest.mark.parametrize("asked_for", ["", "false"])
def test_only_when_it_is_asked_for(asked_for):
    assert seen("/admin/login/", "Accept=text/html", asked_for=asked_for) == ["200", "False"]


WITHOUT = """
import sys
for name in ("debug_toolbar", "pytest", "pytest_django", "requests", "openai", "anthropic"):
    sys.modules[name] = None  # importing it fails as if it were not installed
import django
django.setup()
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
print(Client().get("/api/docs").status_code)
"""


def test_a_server_needs_no_tools_of_developers():
    environment = {**os.environ, "DJANGO_ENV": "development", "DJANGO_SETTINGS_MODULE": "llmselect_project.settings"}
    command = [sys.executable, "-c", WITHOUT]
    run = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert run.stdout.split("\n")[0] == "200", run.stderr


def test_api_calls_never_do():
    assert seen("/health/live", "Accept=application/json") == ["200", "False"]
    assert seen("/health/live", "Accept=text/html", "Authorization=Bearer x") == ["200", "False"]
