"""Every recorded answer of a provider, replayed through the API: the table in docs/providers.md says what is right."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from conversations.models import Message
from models_registry.fake_provider.recordings import load
from models_registry.models import LLMModel, Provider
from models_registry.providers.asking.adapting import memory
from tests.helpers import events

pytestmark = pytest.mark.django_db

FOLDER = Path(settings.BASE_DIR) / "tests/models_registry/providers/recordings"
RECORDINGS = load(FOLDER)
DOCUMENT = Path(settings.BASE_DIR) / "docs/providers.md"
ROW = re.compile(r"^\| `(\w+)` \| (chat|stream) \| (.*?) \| (.*?) \|$", re.MULTILINE)
ANTHROPIC = {name for name in RECORDINGS if name.startswith(("a0", "h07")) or name == "b31d_anth_reset"}
OPTIONS = {
    "b25_max_tokens_refused": {"max_tokens": 50},
    "b26_stream_options_refused": {},
    "b27_temperature_refused": {"temperature": 0.3},
    "k03_system_refused": {"system": "Be brief."},
}
LONGEST = 60  # characters of a text in the table


@pytest.fixture
def ask(api, stub, settings):
    """Return a function that chats with a recording, and says in one line what came of it."""
    memory.forget()
    stub.recordings.update({name: hurried(recording) for name, recording in RECORDINGS.items()})
    for slug, kind, url in (("compatible", "openai_compatible", stub.openai_url), ("claude", "anthropic", stub.url)):
        provider = Provider.objects.create(slug=slug, name=slug, kind=kind, base_url=url, requires_key=False)
        for name in RECORDINGS:
            LLMModel.objects.create(provider=provider, model_id=name, name=name, max_output_tokens=8192)

    def chat(name, how):
        provider = "claude" if name in ANTHROPIC else "compatible"
        body = {"provider": provider, "model": name, "message": "hello", **OPTIONS.get(name, {})}
        if how == "stream":
            last = events(api.post("/api/v1/chat/stream", body))[-1]
            outcome, headers = (f"{last['error']}: {last['message']}" if last["event"] == "error" else ""), {}
        else:
            response = api.post("/api/v1/chat", body)
            answer, headers = response.json(), response.headers
            outcome = "" if response.status_code == 200 else f"{response.status_code} {told(answer)}"
        return described(outcome, headers.get("Retry-After"))

    return chat


def hurried(recording):
    """Play ten times as fast as it was."""
    pauses = {name: value / 10 for name, value in recording.items() if name in ("wait", "pause")}
    parts = {name: hurried(part) for name, part in recording.items() if isinstance(part, dict)}
    return {**recording, **parts, **pauses}


def told(answer):
    numbers = [f"{name} {answer['details'][name]}" for name in NUMBERS if answer["details"].get(name) is not None]
    return f"{answer['error']}: {answer['message']}" + (f" [{', '.join(numbers)}]" if numbers else "")


NUMBERS = ("status", "context_window", "prompt_tokens")


def described(outcome, wait):
    """Write what the client was told, and what is kept."""
    kept = Message.objects.get(role="assistant")
    parts = [outcome] if outcome else []
    parts += [f"wait {wait} s"] if wait else []
    parts += [f"thought “{short(kept.reasoning)}”"] if kept.reasoning else []
    parts += [f"“{short(kept.content)}”"] if kept.content else []
    parts.append(f"{kept.status}, {kept.finish_reason}")
    if kept.prompt_tokens is not None:
        parts.append(f"{'about ' if kept.estimated else ''}{kept.prompt_tokens} + {kept.completion_tokens} tokens")
    line = "; ".join(parts).replace("|", "\\|").replace("\n", "⏎")
    return re.sub(r"127\.0\.0\.1:\d+", "HOST", line)


def short(text):
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,})"


CASES = [(name, how) for name in RECORDINGS for how in ("chat", "stream")]


@pytest.mark.parametrize(("name", "how"), CASES)
def test_what_comes_is_right(ask, name, how):
    table = {(row[1], row[2]): (row[3], row[4]) for row in ROW.finditer(DOCUMENT.read_text())}
    right, ours = table[name, how]
    assert ask(name, how) == ours == right


def test_the_table_has_every_recording_and_no_other():
    assert [(row[1], row[2]) for row in ROW.finditer(DOCUMENT.read_text())] == CASES
