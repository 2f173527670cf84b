"""What other processes change is seen by a running server, which caches in its own memory, at the next request."""

import subprocess
import sys

import pytest
import requests
from django.conf import settings
from django.urls import reverse

from models_registry.models import LLMModel, Provider
from perf.benchmarks.processes import free_port, wait_for
from tests.helpers import bearer, conversation, process_environment
from tests.llmselect_project.test_serve import serve

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server():
    port = free_port()
    with serve(port, REDIS_URL=""):
        wait_for(f"http://127.0.0.1:{port}/health/live")
        yield f"http://127.0.0.1:{port}/api/v1"


def manage(*arguments):
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(
        command, cwd=settings.BASE_DIR, env=process_environment(REDIS_URL=""), check=True, capture_output=True
    )


def read(url, **headers):
    """Read twice, so that what comes next would be answered from the cache."""
    answers = [requests.get(url, headers=headers, timeout=10) for _ in range(2)]
    assert answers[1].headers["X-Cache"] == "hit"
    return answers[0].json()["results"]


def test_the_registry_as_sync_models_the_admin_and_the_shell_leave_it(server, ann, admin_client, settings):
    settings.REDIS_URL, settings.CACHES = "", {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    provider = Provider.objects.create(slug="own", name="Own", kind="openai_compatible", base_url="http://127.0.0.1:1")
    model = LLMModel.objects.create(provider=provider, model_id="m", name="Before")
    url = f"{server}/models"
    assert [row["name"] for row in read(f"{url}?provider=own")] == ["Before"]

    values = {"provider": provider.pk, "model_id": "m", "name": "After", "enabled": "on"}
    response = admin_client.post(reverse("admin:models_registry_llmmodel_change", args=[model.pk]), values)
    assert response.status_code == 302
    assert [row["name"] for row in read(f"{url}?provider=own")] == ["After"]

    assert read(f"{url}?provider=anthropic") == []
    manage("sync_models", "--offline")
    assert len(read(f"{url}?provider=anthropic")) > 3

    script = "from models_registry.models import *; LLMModel.objects.filter(model_id='m').update(name='By hand')"
    manage("shell", "--command", script)
    assert [row["name"] for row in read(f"{url}?provider=own")] == ["By hand"]


def test_a_conversation_changed_in_the_shell(server, ann):
    row = conversation(ann, title="before")
    headers = bearer()
    assert [row["title"] for row in read(f"{server}/conversations", **headers)] == ["before"]
    script = (
        "from conversations.models import Conversation\n"
        f"row = Conversation.objects.get(pk='{row.pk}')\n"
        "row.title = 'after'\n"
        "row.save()\n"
    )
    manage("shell", "--command", script)
    assert [row["title"] for row in read(f"{server}/conversations", **headers)] == ["after"]
    manage("clear_cache")
    assert requests.get(f"{server}/conversations", headers=headers, timeout=10).headers["X-Cache"] == "miss"
