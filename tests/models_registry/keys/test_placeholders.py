"""PUT /keys/{provider} refuses what cannot be a key, and takes what may be one."""

import pytest

from models_registry.keys.encryption import decrypt
from models_registry.models import APIKey, Provider
from tests.helpers import invalid

pytestmark = pytest.mark.django_db

OPENAI = "/api/v1/keys/openai"
SECRET = "sk-0123456789abcdef"


@pytest.fixture(autouse=True)
def registry(openai):
    """OpenAI, at the address of the stub."""


def put(api, key, url=OPENAI):
    return api.put(url, {"key": key})


PLACEHOLDERS = [
    "sk-...",
    "sk-proj-...",
    "your-key",
    "YOUR_API_KEY",
    "your-openai-api-key",
    "yourkey",
    "sk-your-own-key-goes-here",
    "sk-ant-your-key-here-0123456789",
    "<key>",
    "<your-api-key>",
    "{{OPENAI_API_KEY}}",
    "$OPENAI_API_KEY",
    "OPENAI_API_KEY",
    "key",
    "api-key",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxx",
    "sk-********************",
    "sk-replace-me",
    "changeme",
    "insert_key_here",
    "placeholder",
]


@pytest.mark.parametrize("key", PLACEHOLDERS)
def test_a_placeholder_is_refused(api, key):
    said = "This is a placeholder, not a key. OpenAI shows the real one where you created it."
    response = put(api, key)
    assert (response.status_code, response.json()) == (400, invalid(key=said))
    assert not APIKey.objects.exists()


# In the vendors' formats, none of them in use; some spell a word of placeholders by chance.
REALISTIC = [
    ("openai", "sk-AbCdYoUr0123456789xxxxKeyhere9876543210mNoPqRsTuV"),
    ("openai", "sk-proj-Zk3_xxx-your1Qw9-a8_key7TgBvHnMjUiKoLp09876543210abcdefghij_QwErTyUiOp"),
    ("openai", "sk-svcacct-Zk3_xxx-your1Qw9-a8_key7TgBvHnMjUiKoLp09876543210abcdefgh"),
    (
        "anthropic",
        "sk-ant-api03-Rr0_9aB-cDeFgHiJkLmNoPqRsTuVwXyZ0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-0a1B2c3D4e5FAA",
    ),
    ("gemini", "AIzaSyA-0123456789abcdefghijklmnopqrstu"),
    ("gemini", "AQ.Ab8RN6J0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"),
    ("mistral", "0123456789abcdefABCDEF0123456789"),
]
NAMES = {"openai": "OpenAI", "anthropic": "Anthropic", "gemini": "Gemini", "mistral": "Mistral"}


@pytest.fixture
def vendors(settings):
    """Add the four vendors, at their own addresses."""
    settings.PROVIDER_BASE_URLS = {}
    for slug, name in NAMES.items():
        Provider.objects.get_or_create(slug=slug, defaults={"name": name, "kind": slug})


@pytest.mark.parametrize(("vendor", "key"), REALISTIC)
def test_a_key_in_a_vendors_format_is_taken(api, vendors, vendor, key):
    assert put(api, key, f"/api/v1/keys/{vendor}").status_code == 200


@pytest.mark.parametrize(
    ("provider", "of", "prefix", "key"),
    [
        ("anthropic", "OpenAI", "sk-proj-", REALISTIC[1][1]),
        ("mistral", "OpenAI", "sk-svcacct-", REALISTIC[2][1]),
        ("openai", "Anthropic", "sk-ant-", REALISTIC[3][1]),
        ("openai", "Gemini", "AIzaSy", REALISTIC[4][1]),
        ("openai", "OpenRouter", "sk-or-v1-", "sk-or-v1-0123456789abcdef0123456789abcdef"),
        ("openai", "Groq", "gsk_", "gsk_0123456789abcdef0123456789abcdef"),
        ("anthropic", "xAI", "xai-", "xai-0123456789abcdef0123456789abcdef"),
    ],
)
def test_a_key_of_another_vendor_is_refused(api, vendors, provider, of, prefix, key):
    said = f"This is a key of {of}, not of {NAMES[provider]}: it begins with {prefix}."
    response = put(api, key, f"/api/v1/keys/{provider}")
    assert (response.status_code, response.json()) == (400, invalid(key=said))
    assert not APIKey.objects.exists()


def test_another_server_of_a_vendors_protocol_takes_any_vendors_key(api):
    assert put(api, "sk-or-v1-0123456789abcdef0123456789abcdef").status_code == 200


def test_a_vendors_own_keys_are_long(api, settings):
    settings.PROVIDER_BASE_URLS = {}
    said = "This is too short for a key of OpenAI: it has 13 characters."
    assert put(api, "sk-0123456789").json() == invalid(key=said)


@pytest.fixture
def ollama(db):
    base_url = "http://127.0.0.1:11434/v1"
    return Provider.objects.create(slug="ollama", name="Ollama", kind="openai_compatible", base_url=base_url)


@pytest.mark.parametrize("key", ["none", "x", "EMPTY", "ollama", "p4$$w(rd*", "token-abc123", "sk-1234"])
def test_servers_of_ones_own_take_any_key_that_is_no_placeholder(ann, api, ollama, key):
    assert put(api, key, "/api/v1/keys/ollama").status_code == 200
    assert decrypt(APIKey.objects.get(user=ann).key_encrypted) == key


@pytest.mark.parametrize("key", PLACEHOLDERS)
def test_a_placeholder_is_refused_for_servers_of_ones_own(api, ollama, key):
    response = put(api, key, "/api/v1/keys/ollama")
    assert (response.status_code, response.json()) == (400, invalid(key="This is a placeholder, not a key."))


def test_a_count_of_one_is_no_plural(api, settings):
    settings.PROVIDER_BASE_URLS = {}
    assert put(api, "x").json()["details"] == {"key": ["This is too short for a key of OpenAI: it has 1 character."]}


@pytest.mark.parametrize("around", ["{} ", " {}", "{}\n", "\t{}\r\n", "\u00a0{}"])
def test_blanks_around_it_are_dropped(ann, api, around):
    assert put(api, around.format(SECRET)).status_code == 200
    assert decrypt(APIKey.objects.get(user=ann).key_encrypted) == SECRET
