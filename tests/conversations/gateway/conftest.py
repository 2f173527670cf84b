"""A server with the gateway, the vendors' own clients of it, and Ann's token."""

from contextlib import closing

import anthropic as anthropic_sdk
import openai as openai_sdk
import pytest
from django.utils import timezone

from llmselect_project.accounts.sessions import start_session
from models_registry.models import Provider


@pytest.fixture
def token(ann) -> str:
    return start_session(user=ann).access


@pytest.fixture
def client(live_server, token):
    """OpenAI's own client; no retries, so that a failure is seen as it is."""
    with closing(openai_sdk.OpenAI(base_url=f"{live_server.url}/v1", api_key=token, max_retries=0)) as sdk:
        yield sdk


@pytest.fixture
def claude(live_server, token):
    """Anthropic's own client."""
    with closing(anthropic_sdk.Anthropic(base_url=live_server.url, api_key=token, max_retries=0)) as sdk:
        yield sdk


@pytest.fixture
def compatible(db, stub) -> Provider:
    """Return a server that speaks chat completions and nothing else."""
    return Provider.objects.create(
        slug="local",
        name="Local",
        kind="openai_compatible",
        base_url=stub.openai_url,
        requires_key=False,
        check_started_at=timezone.now(),
    )
