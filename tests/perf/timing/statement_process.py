"""A process that uses the API in many ways on an empty database, and prints what was counted, by verb, as JSON."""

import json
import os
import sys
from collections import Counter

os.environ["DJANGO_SETTINGS_MODULE"] = "llmselect_project.settings"

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # needs the apps
from django.core.management import call_command  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from perf.timing import kinds, recorder  # noqa: E402
from tests.helpers import client_for, events  # noqa: E402


def use_everything():
    call_command("sync_models", offline=True, stdout=sys.stderr)
    api = client_for(User.objects.create_user("ann", password="correct horse battery"))
    target = {"provider": "echo", "model": "echo-fast"}
    ids = [api.post("/api/v1/conversations", target).json()["id"] for _ in range(12)]
    for path in ("conversations", f"conversations/{ids[0]}", "conversations?search=x", "models", "leaderboard"):
        for _ in range(3):
            assert api.get(f"/api/v1/{path}").status_code == 200
    api.patch(f"/api/v1/conversations/{ids[0]}", {"title": "x"})
    api.delete(f"/api/v1/conversations/{ids[1]}")
    assert events(api.post("/api/v1/chat/stream", {**target, "message": "hello"}))[-1]["event"] == "done"
    compared = api.post("/api/v1/compare", {"prompt": "hello", "models": [target, {**target, "model": "echo-slow"}]})
    api.post(f"/api/v1/comparisons/{compared.json()['id']}/vote", {"preferred_index": 0})
    User.objects.all().delete()


if __name__ == "__main__":
    setup_test_environment()
    recorder.drain()
    use_everything()
    counts: Counter[str] = Counter()
    for (_, text), series in recorder.snapshot().of(kinds.QUERIES).items():
        counts[text.partition(" ")[0]] += series.count
    sys.stdout.write(json.dumps(counts))
