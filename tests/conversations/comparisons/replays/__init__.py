"""What tests of replays share: where they are, and how one is begun and run to its end."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from conversations.comparisons.replays.examples import PROMPT, REPLAY_ID, SET_ID, SLOW
from conversations.models import Comparison, PromptSet, Replay
from perf.jobs.runner import run_all
from perf.models import Job

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


def replay_of_examples(user: User, comparison: Comparison, *, waits: bool) -> None:
    """Have a comparison with the model of the examples be of a replay of a set, under the ids that they show."""
    kept = PromptSet.objects.create(id=SET_ID, user=user, name="MT-bench", prompts=[PROMPT], count=1)
    state = {"state": "waiting"} if waits else {"state": "done", "due_at": None}
    job = Job.objects.create(kind="replay", progress={"begun": 1}, **state)
    names = ["/".join(SLOW.values())]
    plan = {"plan": [{"question": "81", "models": names}], "total": 1, "candidates": names, "budget": "0.5"}
    source = {"type": "set", "set": SET_ID}
    row = Replay.objects.create(id=REPLAY_ID, user=user, job=job, prompt_set=kept, source=source, **plan)
    Comparison.objects.filter(pk=comparison.pk).update(replay=row, replay_place=0)
