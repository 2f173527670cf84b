"""GET, PUT and DELETE /keys: a key goes in and never comes out."""

import pytest
from cryptography.fernet import Fernet
from django.utils.dateparse import parse_datetime

from models_registry.errors import APIKeyMissing, APIKeyUnreadable
from models_registry.keys.encryption import decrypt, encrypt
from models_registry.keys.storage import find_key
from models_registry.models import APIKey, Provider
from tests.helpers import client_for, error, invalid

pytestmark = pytest.mark.django_db

KEYS, OPENAI = "/api/v1/keys", "/api/v1/keys/openai"
SECRET = "sk-0123456789abcdef"


@pytest.fixture(autouse=True)
def registry(openai, anthropic):
    """Both providers, with keys of the system."""


@pytest.fixture
def no_system_keys(settings):
    settings.SYSTEM_API_KEYS = {}


def put(api, key=SECRET, url=OPENAI, **more):
    return api.put(url, {"key": key, **more})


def test_storing_a_key(ann, api):
    response = put(api)
    row = APIKey.objects.get(user=ann)
    assert response.status_code == 200
    assert response.json() == {
        "provider": "openai",
        "override_system_key": False,
        "masked": "****cdef",
        "updated_at": response.json()["updated_at"],
    }
    assert parse_datetime(response.json()["updated_at"]) == row.updated_at
    assert response.headers["Cache-Control"] == "no-store"


def test_a_stored_key_is_encrypted(api):
    put(api)
    row = APIKey.objects.get()
    assert not [value for value in vars(row).values() if SECRET in str(value)]
    assert decrypt(row.key_encrypted) == SECRET


def test_the_list_shows_keys_masked(api):
    stored = [put(api, url=f"{KEYS}/{provider}").json() for provider in ("openai", "anthropic")]
    response = api.get(KEYS)
    assert response.json() == {"keys": sorted(stored, key=lambda key: key["provider"])}
    assert SECRET not in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"


def test_the_list_costs_one_query_and_the_user(api, django_assert_num_queries):
    for provider in ("openai", "anthropic"):
        put(api, url=f"{KEYS}/{provider}")
    with django_assert_num_queries(2):
        assert len(api.get(KEYS).json()["keys"]) == 2


@pytest.mark.parametrize("key", ["sk-1234", "x" * 15])
def test_a_short_key_is_masked_completely(api, key):
    assert put(api, key).json()["masked"] == "****"


def test_storing_again_replaces_the_key(api):
    put(api, override_system_key=True)
    put(api, "sk-another-0123456789")
    row = APIKey.objects.get()
    assert (decrypt(row.key_encrypted), row.masked, row.override_system_key) == (
        "sk-another-0123456789",
        "****6789",
        False,
    )


def test_deleting_a_key(ann, api):
    put(api)
    response = api.delete(OPENAI)
    assert (response.status_code, response.content) == (204, b"")
    assert not APIKey.objects.exists()
    assert api.delete(OPENAI).status_code == 404


def test_each_user_has_their_own_keys(ann, bob, api):
    put(api)
    bobs = client_for(bob)
    assert bobs.get(KEYS).json() == {"keys": []}
    assert bobs.delete(OPENAI).status_code == 404
    put(bobs, "sk-bob-0123456789")
    assert decrypt(APIKey.objects.get(user=ann).key_encrypted) == SECRET


def test_an_unknown_provider_is_not_found(api):
    response = put(api, url=f"{KEYS}/nobody")
    said = "There is no provider with this name. The names are anthropic, openai."
    assert (response.status_code, response.json()) == (404, error("not_found", said))
    assert api.delete(f"{KEYS}/nobody").status_code == 404


def test_a_disabled_provider_is_not_found(api, openai):
    put(api)
    openai.enabled = False
    openai.save()
    assert put(api).status_code == 404
    assert api.delete(OPENAI).status_code == 204  # one may still take one's key back


@pytest.mark.parametrize(
    "key", [None, "", " ", 5, True, [], {}, "sk\nx", "sk-x\ny", "sk\tx", "sk x", "ключ", "a\0b", "x" * 501], ids=repr
)
def test_an_invalid_key_is_refused(api, key):
    response = put(api, key)
    assert (response.status_code, list(response.json()["details"])) == (400, ["key"])
    assert not APIKey.objects.exists()


def test_a_newline_is_refused(api):
    assert put(api, "sk\nX-Admin: 1").json() == invalid(key="A key is printable ASCII without blanks.")


def test_a_refused_key_is_not_in_the_response(api):
    assert "секрет" not in put(api, "секрет").content.decode()


@pytest.mark.parametrize("value", [None, "maybe", [], {}, 5])
def test_an_invalid_flag_is_refused(api, value):
    response = put(api, override_system_key=value)
    assert (response.status_code, list(response.json()["details"])) == (400, ["override_system_key"])


def test_the_key_is_required(api):
    assert api.put(OPENAI, {}).json() == invalid(key="This field is required.")


def test_keys_need_a_login(visitor):
    for response in (visitor.get(KEYS), put(visitor), visitor.delete(OPENAI), visitor.get(f"{KEYS}/system")):
        assert (response.status_code, response.json()["error"]) == (401, "not_authenticated")


def test_the_providers_with_a_system_key(api, echo, settings):
    settings.SYSTEM_API_KEYS = {"openai": "sk-system", "anthropic": ""}
    response = api.get(f"{KEYS}/system")
    assert response.json() == {"system_keys": {"anthropic": False, "openai": True}}
    assert response.headers["Cache-Control"] == "no-store"


# Which key a call is made with


def test_the_systems_key_comes_before_the_users(ann, api, openai):
    put(api)
    assert find_key(user_id=ann.pk, provider=openai) == "sk-test"


def test_the_users_key_when_it_overrides(ann, api, openai):
    put(api, override_system_key=True)
    assert find_key(user_id=ann.pk, provider=openai) == SECRET


def test_the_users_key_when_the_system_has_none(ann, api, openai, no_system_keys):
    put(api)
    assert find_key(user_id=ann.pk, provider=openai) == SECRET


def test_no_key_at_all(ann, bob, openai, no_system_keys):
    put(client_for(bob))
    with pytest.raises(APIKeyMissing):
        find_key(user_id=ann.pk, provider=openai)


def test_a_provider_that_requires_no_key(ann, no_system_keys):
    local = Provider.objects.create(slug="ollama", name="Ollama", kind="openai_compatible", requires_key=False)
    assert find_key(user_id=ann.pk, provider=local) == ""


def test_the_key_goes_to_the_provider(api, stub, no_system_keys):
    put(api)
    api.post("/api/v1/chat", {"provider": "openai", "model": "stub", "message": "hello"})
    assert stub.requests[-1].headers["authorization"] == f"Bearer {SECRET}"


# Encryption


def test_the_first_key_encrypts_and_all_decrypt(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [old]
    token = encrypt(SECRET)
    settings.ENCRYPTION_KEYS = [new, old]
    assert decrypt(token) == SECRET
    newer = encrypt(SECRET)
    settings.ENCRYPTION_KEYS = [new]
    assert decrypt(newer) == SECRET
    with pytest.raises(APIKeyUnreadable):
        decrypt(token)


def test_an_unreadable_key(api, settings, no_system_keys):
    put(api)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    response = api.post("/api/v1/chat", {"provider": "openai", "model": "stub", "message": "hello"})
    message = "The stored API key can no longer be decrypted: store it again."
    assert (response.status_code, response.json()) == (409, error("api_key_unreadable", message))
    assert api.get(KEYS).json()["keys"][0]["masked"] == "****cdef"


def test_an_unreadable_key_does_not_matter_where_the_systems_is_used(api, settings):
    put(api)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    response = api.post("/api/v1/chat", {"provider": "openai", "model": "stub", "message": "hello"})
    assert response.status_code == 200
