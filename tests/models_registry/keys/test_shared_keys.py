"""Keys that staff share with everybody: set in the admin, encrypted, never shown, used by chats."""

import pytest
from cryptography.fernet import Fernet
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from models_registry.errors import APIKeyUnreadable
from models_registry.keys.encryption import decrypt
from models_registry.keys.storage import find_key, store_key
from models_registry.models import Provider, ProviderKind, SharedKey

pytestmark = pytest.mark.django_db

SECRET = "sk-shared-0123456789-cdef"
ADD = "/admin/models_registry/sharedkey/add/"


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def own(stub) -> Provider:
    """Make a provider of one's own, which no variable of the environment names."""
    return Provider.objects.create(
        slug="own", name="Own", kind=ProviderKind.OPENAI_COMPATIBLE, base_url=f"{stub.openai_url}"
    )


def share(desk, provider, key=SECRET, url=ADD):
    return desk.post(url, {"provider": str(provider.pk), "key": key})


def change_url(row):
    return reverse("admin:models_registry_sharedkey_change", args=[row.pk])


def test_chats_are_made_with_it(desk, own, api, stub):
    body = {"provider": "own", "model": "stub", "message": "hello"}
    assert api.post("/api/v1/chat", body).json()["error"] == "api_key_missing"
    assert share(desk, own).status_code == 302
    assert api.post("/api/v1/chat", body).status_code == 200
    assert stub.requests[-1].headers["authorization"] == f"Bearer {SECRET}"


def test_the_order_own_then_shared_then_the_environments(desk, ann, openai):
    assert find_key(user_id=ann.pk, provider=openai) == "sk-test"
    share(desk, openai)
    assert find_key(user_id=ann.pk, provider=openai) == SECRET
    store_key(user=ann, provider=openai, key="sk-of-ann", override_system_key=False)
    assert find_key(user_id=ann.pk, provider=openai) == SECRET
    store_key(user=ann, provider=openai, key="sk-of-ann", override_system_key=True)
    assert find_key(user_id=ann.pk, provider=openai) == "sk-of-ann"


def test_users_see_that_there_is_one(desk, own, api):
    assert api.get("/api/v1/keys/system").json() == {"system_keys": {"own": False}}
    share(desk, own)
    assert api.get("/api/v1/keys/system").json() == {"system_keys": {"own": True}}
    SharedKey.objects.get().delete()
    assert api.get("/api/v1/keys/system").json() == {"system_keys": {"own": False}}


def test_it_is_stored_encrypted_and_shown_nowhere(desk, own):
    share(desk, own)
    row = SharedKey.objects.get()
    assert (decrypt(row.key_encrypted), row.masked, row.set_by.username) == (SECRET, "****cdef", "root")
    urls = [
        reverse("admin:models_registry_sharedkey_changelist"),
        change_url(row),
        "/admin/",
        f"{change_url(row)}../history/",
    ]
    pages = [desk.get(url, follow=True).content.decode() for url in urls]
    assert "****cdef" in pages[0]
    assert "****cdef" in pages[1]
    assert [page for page in pages if SECRET in page or row.key_encrypted in page] == []
    refused = share(desk, own, key=f"{SECRET} and more").content.decode()
    assert "printable ASCII" in refused
    assert SECRET not in refused


def test_a_new_one_replaces_it_and_the_log_says_who(desk, own):
    share(desk, own)
    row = SharedKey.objects.get()
    other = Provider.objects.create(slug="other", name="Other", kind="openai")
    assert share(desk, other, key="sk-new-0123456789-beef", url=change_url(row)).status_code == 302
    row.refresh_from_db()
    # What is posted as the provider counts for nothing: the key would go to somebody else.
    assert (row.masked, row.provider) == ("****beef", own)
    entries = LogEntry.objects.order_by("pk").values_list("user__username", "object_repr", "action_flag")
    assert list(entries) == [("root", "Shared key for Own", 1), ("root", "Shared key for Own", 2)]
    assert not LogEntry.objects.filter(change_message__contains="sk-").exists()


def test_who_may_not_set_one_cannot(own, staff):
    client = Client()
    client.force_login(staff)
    assert share(client, own).status_code == 403
    assert not SharedKey.objects.exists()


def test_it_outlives_the_account_that_set_it(desk, own, ann):
    share(desk, own)
    User.objects.get(username="root").delete()
    assert SharedKey.objects.get().set_by is None
    assert find_key(user_id=ann.pk, provider=own) == SECRET


def test_rotation_and_what_no_key_opens(desk, own, ann, settings, capsys):
    share(desk, own)
    old, new = settings.ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [new, old]
    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [new]
    assert find_key(user_id=ann.pk, provider=own) == SECRET
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(APIKeyUnreadable, match="staff must store it again"):
        find_key(user_id=ann.pk, provider=own)
    capsys.readouterr()
    call_command("rotate_keys")
    assert f"Cannot read the shared key {SharedKey.objects.get().pk} for own." in capsys.readouterr().err


def test_a_placeholder_is_refused_also_as_a_replacement(desk, own):
    assert "This is a placeholder" in share(desk, own, key="sk-...").content.decode()
    assert not SharedKey.objects.exists()
    share(desk, own)
    row = SharedKey.objects.get()
    assert "This is a placeholder" in share(desk, own, key="sk-...", url=change_url(row)).content.decode()
    row.refresh_from_db()
    assert decrypt(row.key_encrypted) == SECRET


def test_only_providers_without_a_shared_key_are_offered(desk, own, openai):
    share(desk, own)
    offered = desk.get(ADD).context["adminform"].form.fields["provider"].queryset
    assert list(offered) == [openai]
