"""What the SDKs would read from the environment stays there: the variables may belong to other tools."""

import os
import subprocess
import sys

import pytest

from models_registry.providers import anthropic, openai
from tests.models_registry.providers.helpers import KEY, ask, make

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
def other_environment(monkeypatch):
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    openai._shared.cache_clear()
    anthropic._shared.cache_clear()
    yield
    openai._shared.cache_clear()
    anthropic._shared.cache_clear()


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize(("key", "sent"), [(KEY, f"Bearer {KEY}"), ("", "Bearer none")])
def test_nothing_of_it_is_sent(stub, kind, other_environment, key, sent):
    client = make(stub, kind, key)
    client.complete(ask())
    list(client.stream(ask()))
    client.list_models()
    assert [received.headers["authorization"] for received in stub.requests] == [sent] * 3
    assert not [value for received in stub.requests for value in received.headers.values() if "other" in value]


def test_the_shared_clients_hold_no_key(stub):
    for kind, module in (("openai", openai), ("anthropic", anthropic)):
        client = make(stub, kind)
        client.complete(ask())
        assert KEY not in repr(vars(module._shared(client.base_url)))


def test_cookies_of_one_call_are_not_sent_with_another(stub):
    from models_registry.providers.transport import http_client

    client = make(stub, "openai")
    client.complete(ask())
    assert http_client().cookies.jar._policy.allowed_domains() == ()


def test_importing_the_clients_loads_no_sdk():
    code = (
        "import sys; from models_registry.providers import CLIENTS; "
        "print(sorted({'openai', 'anthropic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
