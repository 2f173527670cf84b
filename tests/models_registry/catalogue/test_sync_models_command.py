"""`manage.py sync_models`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from models_registry.catalogue.offline import entries
from models_registry.models import LLMModel

pytestmark = pytest.mark.django_db

MODELS = len(entries("openai"))


@pytest.fixture(autouse=True)
def _openai(settings, stub):
    settings.SYSTEM_API_KEYS = {"openai": "sk-test"}
    settings.PROVIDER_BASE_URLS = {"openai": stub.openai_url}
    stub.openai_models = [{"id": model_id} for model_id in (*entries("openai"), "gpt-9")]


def run(*args) -> list[str]:
    out = StringIO()
    try:
        call_command("sync_models", *args, stdout=out)
    except CommandError as error:
        return [*out.getvalue().splitlines(), f"FAILED {error}"]
    return out.getvalue().splitlines()


def test_it_prints_what_changed():
    assert run("openai") == [
        f"openai: {MODELS + 1} models, {MODELS + 1} added, 0 changed, checked against the provider"
    ]
    assert run("openai") == [f"openai: {MODELS + 1} models, 0 added, 0 changed, checked against the provider"]


def test_all_providers_are_synced_when_none_is_named():
    lines = run()
    assert [line.split(":")[0] for line in lines] == ["anthropic", "echo", "gemini", "mistral", "openai"]
    assert lines[0].endswith("not checked: no key")


def test_offline_calls_no_provider(stub):
    assert run("openai", "--offline") == [f"openai: {MODELS} models, {MODELS} added, 0 changed, not checked: offline"]
    assert stub.requests == []


def test_it_counts_withdrawn_models(stub):
    run("openai")
    stub.openai_models = [{"id": model_id} for model_id in entries("openai")]
    assert run("openai") == [
        f"openai: {MODELS + 1} models, 0 added, 0 changed, 1 withdrawn, checked against the provider"
    ]


def test_a_failed_check_fails_the_command_after_all_others(settings):
    settings.SYSTEM_API_KEYS = {"openai": "any?status=503&message=Closed"}
    lines = run()
    assert lines[-2] == f"openai: {MODELS} models, {MODELS} added, 0 changed, check failed: Closed"
    assert lines[-1] == "FAILED the check failed for openai"
    assert LLMModel.objects.filter(provider__slug="gemini").exists()


def test_an_unknown_provider_fails_the_command_after_all_others():
    lines = run("nobody", "openai")
    assert lines[0].startswith("openai: ")
    assert lines[1] == "FAILED there is no provider named nobody"
