"""Base URLs as people write them."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from models_registry.errors import ProviderError
from models_registry.models import Provider
from models_registry.providers import CLIENTS
from models_registry.providers.asking.adapting import memory
from models_registry.providers.asking.addresses import normalised
from tests.models_registry.providers.helpers import KEY, ask, document, whole

OPENAI = {
    "https://host/v1": "https://host/v1",
    "https://host/v1/": "https://host/v1",
    " https://host/v1\n": "https://host/v1",
    '"https://host/v1"': "https://host/v1",
    "HTTPS://Host.example/v1": "https://host.example/v1",
    "https://host/v1/chat/completions": "https://host/v1",
    "https://host/v1/chat/completions/": "https://host/v1",
    "https://host/v1/models": "https://host/v1",
    "https://host/v1?api-version=2024-10-21": "https://host/v1?api-version=2024-10-21",
    "https://host/openai/deployments/d/chat/completions?api-version=X": "https://host/openai/deployments/d?api-version=X",
    "api.example.com/v1": "https://api.example.com/v1",
    "localhost:11434/v1": "http://localhost:11434/v1",
    "ollama:11434/v1": "http://ollama:11434/v1",
    "192.168.1.7:8000/v1": "http://192.168.1.7:8000/v1",
    "[::1]:8000/v1": "http://[::1]:8000/v1",
    "https://ann:secret@host/v1": "https://ann:secret@host/v1",
    "https://host": "https://host",
    "https://generativelanguage.googleapis.com/v1beta/openai/": "https://generativelanguage.googleapis.com/v1beta/openai",
}
ANTHROPIC = {
    "https://host": "https://host",
    "https://host/v1": "https://host",
    "https://host/v1/": "https://host",
    "https://host/v1/messages": "https://host",
    "https://host/anthropic": "https://host/anthropic",
    "https://host/anthropic/v1/messages?beta=true": "https://host/anthropic?beta=true",
}
REFUSED = [
    "https://ho st/v1",
    "https://host/v\n1",
    "ftp://host/v1",
    "https://",
    "https://host:port/v1",
    "https://[::1",
    "",
]
REFUSED += ["https://a..b/v1", "https://host/v1#part", "https://host:99999/v1", "javascript:alert(1)"]


@pytest.mark.parametrize(
    ("kind", "written", "right"),
    [("openai", *each) for each in OPENAI.items()] + [("anthropic", *each) for each in ANTHROPIC.items()],
)
def test_it_is_normalised_once_and_for_all(kind, written, right):
    assert normalised(written, kind) == right
    assert normalised(right, kind) == right


@pytest.mark.parametrize("written", REFUSED)
def test_what_is_no_address_is_refused_with_a_sentence(written):
    with pytest.raises(ValueError, match=r"^The address .*\.$"):
        normalised(written, "openai")


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/v1?api-version=X", "/v1/chat/completions?api-version=X"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("", "/chat/completions"),
        ("/v1/\n", "/v1/chat/completions"),
    ],
)
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_it_is_called(stub, written, path, scheme):
    url = scheme + stub.url.removeprefix("http://") + written
    assert whole(CLIENTS["openai_compatible"](api_key=KEY, base_url=url), *ask()).text == "hello you there"
    assert stub.requests[-1].path == path


@pytest.mark.parametrize(
    ("written", "path"), [("/v1", "/v1/messages"), ("/v1/messages", "/v1/messages"), ("?a=b", "/v1/messages?a=b")]
)
def test_anthropics_too(stub, written, path):
    whole(CLIENTS["anthropic"](api_key=KEY, base_url=stub.url + written), *ask())
    assert stub.requests[-1].path == path


def test_the_query_is_part_of_every_request(stub):
    CLIENTS["openai_compatible"](api_key=KEY, base_url=f"{stub.url}/v1?api-version=X").list_models()
    CLIENTS["anthropic"](api_key=KEY, base_url=f"{stub.url}?a=b").list_models()
    assert [request.path for request in stub.requests] == ["/v1/models?api-version=X", "/v1/models?a=b&limit=1000"]


def test_where_nothing_is_found_at_a_bare_host_v1_is_looked_at_and_remembered(stub):
    memory.forget()
    stub.recordings["/models"] = document("404 page not found", 404, content_type="text/plain")
    client = CLIENTS["openai_compatible"](api_key=KEY, base_url=stub.url)
    assert client.list_models()
    assert client.list_models()
    assert [request.path for request in stub.requests] == ["/models", "/v1/models", "/v1/models"]


def test_what_cannot_be_used_is_an_error_of_the_call():
    with pytest.raises(ProviderError, match=r"^The provider's address cannot be used: The address holds a blank"):
        whole(CLIENTS["openai_compatible"](api_key=KEY, base_url="http://ho st/v1"), *ask())


def provider(url, kind="openai_compatible"):
    made = Provider(slug="mine", name="Mine", kind=kind, base_url=url)
    made.full_clean()
    return made


@pytest.mark.django_db
def test_a_provider_keeps_the_normalised_one():
    assert provider("host.example/v1/chat/completions?a=b").base_url == "https://host.example/v1?a=b"
    assert provider("https://host/v1", "anthropic").base_url == "https://host"


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["ftp://host/v1", "https://ho st/v1", ""])
def test_a_provider_without_a_usable_one_is_refused(url):
    with pytest.raises(ValidationError) as raised:
        provider(url)
    assert list(raised.value.message_dict) == ["base_url"]


def test_the_environments_are_checked_at_the_start(settings):
    settings.PROVIDER_BASE_URLS = {"openai": "ftp://host", "anthropic": "", "mistral": "host.example"}
    with pytest.raises(SystemCheckError) as raised:
        call_command("check")
    assert "(models_registry.E001) OPENAI_BASE_URL cannot be used. The address begins with ftp://" in str(raised.value)
    assert "MISTRAL" not in str(raised.value)
