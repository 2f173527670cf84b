"""Production settings in a process of its own: nothing to complain of, healthy behind a proxy and in a container."""

import json
import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

PROBE = """
import contextlib, io, json, django
django.setup()
from django.core.management import call_command
said = io.StringIO()
with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
    with contextlib.suppress(Exception):
        call_command("check", deploy=True, fail_level="INFO")
from django.test import Client
def seen(path, **headers):
    response = Client(headers=headers).get(path)
    names = ("Location", "Strict-Transport-Security", "X-Content-Type-Options")
    return [response.status_code, *(response.headers.get(name) for name in names)]
proxied = {"host": "llm.example", "x-forwarded-proto": "https"}
print(json.dumps({
    "checks": said.getvalue(),
    "by address": seen("/health/live", host="172.17.0.3:3044"),
    "by name": seen("/health", host="llm.example"),
    "proxied": seen("/api/docs", **proxied),
    "proxied without TLS": seen("/api/docs", host="llm.example", **{"x-forwarded-proto": "http"}),
    "another host": seen("/api/docs", **{**proxied, "host": "elsewhere.example"}),
}))
"""


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "db.sqlite3").touch()  # a database that is there; health says what one that is not means
    return {
        **os.environ,
        "DJANGO_ENV": "production",
        "DJANGO_SETTINGS_MODULE": "llmselect_project.settings",
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGHIJ",
        "ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "llm.example",
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "REDIS_URL": "",
        "SECURE_SSL_REDIRECT": "",
        "TRUSTED_PROXIES": "1",
    }


def run(environment):
    found = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_behind_a_proxy(environment):
    hsts = "max-age=31536000; includeSubDomains; preload"
    assert run(environment) == {
        "checks": "System check identified no issues (0 silenced).\n",
        "by address": [200, None, None, "nosniff"],
        "by name": [200, None, None, "nosniff"],
        "proxied": [200, None, hsts, "nosniff"],
        "proxied without TLS": [301, "https://llm.example/api/docs", None, "nosniff"],
        "another host": [400, None, None, "nosniff"],
    }


def test_plain_http_in_a_container(environment):
    seen = run({**environment, "SECURE_SSL_REDIRECT": "false", "TRUSTED_PROXIES": "0"})
    assert seen["by address"] == [200, None, None, "nosniff"]
    assert seen["proxied without TLS"] == [200, None, None, "nosniff"]
