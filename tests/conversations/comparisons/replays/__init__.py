"""What tests of replays share: where they are, and how one is begun and run to its end."""

from typing import Any

from rest_framework.test import APIClient

from perf.jobs.runner import run_all

REPLAYS, SETS = "/api/v1/replays", "/api/v1/prompt-sets"
OLD, NEW = "anthropic/stub", {"provider": "openai", "model": "stub"}


def begin(api: APIClient, *models: dict[str, str], **more: Any) -> dict[str, Any]:
    """Begin a replay of what was voted on and return it; no job is run."""
    response = api.post(REPLAYS, {"models": models or [NEW], "source": {"type": "voted"}, **more})
    assert response.status_code == 202, response.content
    return response.json()


def replayed(api: APIClient, *models: dict[str, str], **more: Any) -> dict[str, Any]:
    """Begin a replay, run it, and return it as it is then."""
    pk = begin(api, *models, **more)["id"]
    run_all()
    return api.get(f"{REPLAYS}/{pk}").json()
