"""`manage.py rotate_keys`: every key under the newest encryption key, whatever happens meanwhile."""

import threading
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection

from models_registry.keys.encryption import decrypt
from models_registry.keys.rotation import rotate
from models_registry.keys.storage import store_key
from models_registry.models import APIKey
from tests.helpers import closing_connection, error

pytestmark = pytest.mark.django_db

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
UNREADABLE = error("api_key_unreadable", "The stored API key can no longer be decrypted: store it again.")


@pytest.fixture
def seven(openai, settings):
    """Seven users' keys under the old encryption key, which is now the second one."""
    settings.ENCRYPTION_KEYS = [OLD]
    for number in range(7):
        user = User.objects.create_user(f"user{number}")
        store_key(user=user, provider=openai, key=f"sk-of-user-{number}", override_system_key=True)
    settings.ENCRYPTION_KEYS = [NEW, OLD]


def run(**options):
    out, err = StringIO(), StringIO()
    call_command("rotate_keys", stdout=out, stderr=err, **options)
    return out.getvalue().strip(), err.getvalue().strip()


def said(renewed, current, changed, unreadable):
    return (
        f"Encrypted {renewed} keys anew; {current} already had the new key, {changed} changed meanwhile, "
        f"{unreadable} cannot be read."
    )


def keys():
    rows = APIKey.objects.order_by("pk").values_list("key_encrypted", flat=True)
    return [decrypt(token) for token in rows]


def test_the_old_key_can_go_afterwards(seven, settings):
    stamps = list(APIKey.objects.order_by("pk").values_list("updated_at", flat=True))
    assert run(batch_size=3) == (said(7, 0, 0, 0), "")
    settings.ENCRYPTION_KEYS = [NEW]
    assert keys() == [f"sk-of-user-{number}" for number in range(7)]
    assert list(APIKey.objects.order_by("pk").values_list("updated_at", flat=True)) == stamps


def test_a_second_run_has_nothing_to_do(seven, django_assert_num_queries):
    run()
    with django_assert_num_queries(3):  # a batch and the end, and no shared key
        assert run() == (said(0, 7, 0, 0), "")


def test_one_that_was_stopped_goes_on(seven):
    next(rotate(batch_size=3))
    assert run(batch_size=2) == (said(4, 3, 0, 0), "")


def test_what_cannot_be_read_is_reported_and_left_alone(seven):
    lost = APIKey.objects.order_by("pk")[2]
    lost.key_encrypted = token = Fernet(Fernet.generate_key()).encrypt(b"sk-lost").decode()
    lost.save()
    garbage = APIKey.objects.order_by("pk")[5]
    garbage.key_encrypted = "gar\u00fcage"
    garbage.save()
    lines = [f"Cannot read the key {row.pk} of {row.user.username} for openai." for row in (lost, garbage)]
    assert run(batch_size=2) == (said(5, 0, 0, 2), "\n".join(lines))
    lost.refresh_from_db()
    assert lost.key_encrypted == token


@pytest.mark.django_db(transaction=True)
def test_a_key_stored_meanwhile_is_not_overwritten(seven, openai):
    """A user's request stores a key after the rotation read it, and just before it writes."""
    old = APIKey.objects.get(user__username="user3").key_encrypted

    def store_newest():
        user = User.objects.get(username="user3")
        store_key(user=user, provider=openai, key="sk-the-newest", override_system_key=True)

    def user_is_faster(execute, sql, params, *rest):
        if sql.startswith("UPDATE") and old in params:
            request = threading.Thread(target=closing_connection, args=(store_newest,))
            request.start()
            request.join()
        return execute(sql, params, *rest)

    with connection.execute_wrapper(user_is_faster):
        assert run() == (said(6, 0, 1, 0), "")
    assert keys()[3] == "sk-the-newest"


def test_a_key_deleted_meanwhile_stays_deleted(seven):
    rows = rotate(batch_size=3)
    next(rows)
    APIKey.objects.filter(user__username="user5").delete()
    assert list(rows)[-1].renewed == 6


def test_a_batch_has_rows():
    with pytest.raises(CommandError):
        run(batch_size=0)


def test_a_wrong_encryption_key_is_a_409_wherever_a_key_is_needed(ann, api, openai, settings):
    store_key(user=ann, provider=openai, key="sk-mine-0123456789", override_system_key=True)
    settings.ENCRYPTION_KEYS = [NEW]
    choice = {"provider": "openai", "model": "stub"}
    body = {**choice, "message": "hi"}
    for path in ("/api/v1/chat", "/api/v1/chat/stream"):
        response = api.post(path, body)
        assert (response.status_code, response.json()) == (409, UNREADABLE)
    response = api.post("/api/v1/compare", {"prompt": "hi", "models": [choice, choice]})
    assert (response.status_code, response.json()) == (409, UNREADABLE)
    listed = api.get("/api/v1/keys").json()["keys"]
    assert [row["masked"] for row in listed] == ["****6789"]
    assert api.put("/api/v1/keys/openai", {"key": "sk-mine-again", "override_system_key": True}).status_code == 200
    assert api.post("/api/v1/chat", body).status_code == 200
