"""What the vendors' tools read from the environment is not ours, and one user's call leaves nothing for another's."""

import gc
import os
import subprocess
import sys

import pytest

from models_registry.providers.http import Connection
from tests.models_registry.providers.helpers import KEY, ask, make, whole

OTHERS = {
    "OPENAI_API_KEY": "sk-other",
    "OPENAI_ADMIN_KEY": "sk-other-admin",
    "OPENAI_ORG_ID": "org-other",
    "OPENAI_PROJECT_ID": "proj-other",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/other",
    "OPENAI_CUSTOM_HEADERS": "X-Other: other\nAuthorization: Bearer sk-other",
    "ANTHROPIC_API_KEY": "sk-other",
    "ANTHROPIC_AUTH_TOKEN": "sk-other-token",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/other",
    "ANTHROPIC_CUSTOM_HEADERS": "X-Other: other\nX-Api-Key: sk-other",
    "ANTHROPIC_PROFILE": "other",
    "ANTHROPIC_WORKSPACE_ID": "wrkspc_other",
}


@pytest.fixture
def other_environment(monkeypatch, tmp_path):
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    login = tmp_path / ".netrc"
    login.write_text("machine 127.0.0.1 login other password other\n")
    login.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(login))


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize(("key", "sent"), [(KEY, f"Bearer {KEY}"), ("", "Bearer none")])
def test_nothing_of_it_is_sent(stub, kind, other_environment, key, sent):
    client = make(stub, kind, key)
    whole(client, *ask())
    list(client.stream(*ask()))
    client.list_models()
    assert [received.headers["authorization"] for received in stub.requests] == [sent] * 3
    assert not [value for received in stub.requests for value in received.headers.values() if "other" in value]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_the_kept_connections_hold_no_key(stub, kind):
    whole(make(stub, kind), *ask())
    kept = [thing for thing in gc.get_objects() if type(thing) is Connection and not thing.is_closed]
    assert kept
    assert not [connection for connection in kept if KEY in repr(vars(connection))]


def test_the_server_loads_no_sdk():
    code = (
        "import sys, django; django.setup(); from llmselect_project.wsgi import application; "
        "print(sorted({'openai', 'anthropic', 'httpx2'} & set(sys.modules)))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "llmselect_project.settings"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
