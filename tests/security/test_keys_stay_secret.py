"""A provider key goes in, is used for everything there is, and can be found nowhere afterwards."""

import io
import logging

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from models_registry.calls.completion import resolve
from models_registry.models import APIKey
from perf.api.access import Access
from perf.serving.logs import JsonFormatter
from tests.helpers import client_for
from tests.traces import cached_text, database_text

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "sk-MARKER-3f9d27c1a84e-the-whole-key"
HIDDEN = "MARKER-3f9d27c1a84e"  # what is found in no place at all, be the key cut or not
SCRIPTED = MARK.replace("M", "%4d")  # for the names of models, which are shown: the stub reads and says it decoded


@pytest.fixture
def log():
    """Collect what would be logged at DEBUG, tracebacks included."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


class Seen:
    """Clients whose answers are kept, headers and all."""

    def __init__(self, *clients):
        self.clients = clients
        self.answers = []

    def ask(self, method, path, body=None, **more):
        for client in self.clients:
            kind = {"content_type": "application/json"} if isinstance(client, Client) else {}
            response = getattr(client, method)(path, body, **kind, **more)
            content = response.getvalue() if response.streaming else response.content
            self.answers.append(f"{method} {path} {response.status_code} {response.headers}\n{content.decode()}")
        return response


def use(seen, stub):
    """Do all that needs the key, and all that could fail with it."""
    tell = f"status=400&message=you+sent+{SCRIPTED}+and+again+{SCRIPTED}"
    models = [
        "stub",
        f"stub?{tell}",
        f"stub?status=401&message=bad+key+{SCRIPTED}",
        "stub?status=500&should_retry=false",
        "stub?garbage=1",
    ]
    models += [f"stub?redirect={stub.url}/{SCRIPTED}", "stub?error=api_error&chunks=4", "stub?cut=1&chunks=4"]
    for model in models:
        for path in ("/api/v1/chat", "/api/v1/chat/stream"):
            seen.ask("post", path, {"provider": "openai", "model": model, "message": "hi"})
    choices = [{"provider": "openai", "model": model} for model in models[:3]]
    compared = seen.ask("post", "/api/v1/compare", {"prompt": "hi", "models": choices})
    seen.ask("post", "/api/v1/compare/stream", {"prompt": "hi", "models": choices})
    seen.ask("post", f"/api/v1/comparisons/{compared.json()['id']}/analyze", choices[0])


def look_at(seen):
    """Read every list, detail, export and page."""
    paths = ["/api/v1/keys", "/api/v1/keys/system", "/api/v1/comparisons", "/api/v1/leaderboard", "/api/v1/models"]
    for path in (*paths, "/api/schema", "/api/docs", "/health", "/api/v1/admin/cache/stats"):
        seen.ask("get", path)
        seen.ask("get", path, HTTP_ACCEPT="text/html")
    rows = seen.ask("get", "/api/v1/conversations").json()["results"]
    for row in rows:
        seen.ask("get", f"/api/v1/conversations/{row['id']}")
        for kind in ("markdown", "json"):
            seen.ask("get", f"/api/v1/conversations/{row['id']}/export?format={kind}")
    key = APIKey.objects.get()
    for page in ("changelist", "change", "delete", "history"):
        name = f"admin:models_registry_apikey_{page}"
        seen.ask("get", reverse(name, args=[] if page == "changelist" else [key.pk]))


def test_a_key_is_found_nowhere(ann, openai, stub, log, settings, capsys):
    ann.is_staff = ann.is_superuser = True
    ann.save()
    browser = Client()
    browser.force_login(ann)
    seen = Seen(client_for(ann), browser)
    body = {"key": MARK, "override_system_key": True}
    assert seen.ask("put", "/api/v1/keys/openai", body).status_code == 200
    use(seen, stub)
    assert {each.headers["authorization"] for each in stub.requests} == {f"Bearer {MARK}"}
    look_at(seen)
    seen.ask("put", "/api/v1/keys/openai", {"key": f"{MARK} x", "override_system_key": True})  # refused, and not quoted
    seen.ask("post", "/api/v1/keys/openai", body)
    seen.ask("patch", "/api/v1/keys/nobody", body)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    look_at(seen)
    assert [answer for answer in seen.answers if HIDDEN in answer] == []
    for place, text in (("log", log.getvalue()), ("database", database_text()), ("cache", cached_text())):
        assert HIDDEN not in text, place
    assert HIDDEN not in "".join(capsys.readouterr())
    assert "****-key" in database_text()  # it was the right place to look


def test_a_crash_with_the_key_in_hand_shows_nothing(ann, api, openai, log, settings):
    api.put("/api/v1/keys/openai", {"key": MARK, "override_system_key": True})
    settings.DEBUG = True
    settings.PROVIDER_READ_TIMEOUT = "soon"  # no number: an error in the midst of the call that nobody expects
    response = api.post("/api/v1/chat", {"provider": "openai", "model": "stub", "message": "hi"})
    told = response.json()
    assert (response.status_code, set(told.pop("details"))) == (500, {"conversation_id", "question_id", "message_id"})
    assert told == {"error": "server_error", "message": "Something went wrong on the server."}
    assert "Traceback" in log.getvalue()
    assert "models_registry/providers/" in log.getvalue()  # where the key is
    assert HIDDEN not in log.getvalue()


def test_a_resolved_model_does_not_write_its_key_out(ann, api, openai):
    api.put("/api/v1/keys/openai", {"key": MARK, "override_system_key": True})
    resolved = resolve(access=Access(User.objects.get().pk), provider=openai, model="stub")
    assert resolved.client.api_key == MARK
    assert HIDDEN not in f"{resolved!r} {resolved.client!r} {vars(APIKey.objects.get())}"
