"""Replays whose process is killed, or that are cancelled, stopped, lost or forgotten in the middle of an answer."""

import subprocess
import sys
import threading
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from conversations.models import Comparison, Replay
from models_registry.models import Budget, LLMModel, Reservation, UsageEntry
from perf.jobs import table
from perf.jobs.runner import Runner, run_all
from perf.models import Job
from tests.conversations.comparisons import comparison
from tests.conversations.comparisons.replays import OLD, REPLAYS, begin
from tests.helpers import closing_connection, eventually, process_environment

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = {"provider": "openai", "model": "stub?first=60"}
ECHO = {"provider": "echo", "model": "echo-slow"}
PROMPTS = ("three", "word " * 4000, "one")  # in the order of their making; the newest is asked first


@pytest.fixture
def priced(echo):
    LLMModel.objects.create(
        provider=echo, model_id="echo-slow", name="x", input_price="0", output_price="1", max_output_tokens=1000
    )


def vote_on(ann, *prompts):
    for prompt in prompts:
        comparison(ann, OLD, "mistral/large-z", preferred_index=0, prompt=prompt)


def test_a_killed_process_asks_no_prompt_twice(ann, api, priced):
    """The prompt that was under way counts at its whole reservation, with the replay's budget and the user's."""
    Budget.objects.create(user=ann, period="total", limit=Decimal(1), period_start=timezone.now())
    vote_on(ann, *PROMPTS)
    pk = begin(api, ECHO, budget="0.5")["id"]
    command = [sys.executable, "manage.py", "run_jobs", "--until-idle"]
    with subprocess.Popen(command, env=process_environment(), cwd=settings.BASE_DIR) as child:
        assert eventually(lambda: Job.objects.get().progress.get("begun") == 2, seconds=60)
        child.kill()
    [reserved] = Reservation.objects.all()
    assert (reserved.amount, Replay.objects.get().reserved) == (Decimal("0.001"), Decimal("0.001"))
    Job.objects.update(due_at=timezone.now())  # half a minute later
    assert run_all() == 1
    row = api.get(f"{REPLAYS}/{pk}").json()
    assert (row["state"], row["done"], row["interrupted"]) == ("done", 2, 1)
    assert Decimal(row["spent"]) == Decimal("0.001") + sum(each.cost for each in UsageEntry.objects.all())
    asked = Comparison.objects.filter(replay__isnull=False).order_by("replay_place").values_list("prompt", flat=True)
    assert list(asked) == ["one", "three"]


@pytest.fixture
def under_way(ann, api, openai, anthropic, stub):
    """Run a replay in a thread until its first prompt is at the provider; give its run, thread, and answer."""
    vote_on(ann, "one", "two")
    begin(api, SLOW)
    job = table.take(["replay"])
    assert job is not None
    runner = Runner()
    thread = threading.Thread(target=lambda: closing_connection(lambda: runner.carry_out(job)))
    thread.start()
    assert eventually(lambda: len(stub.requests) == 1)
    [run] = runner.runs
    yield run, thread, runner
    run.cancelled.set()
    thread.join(20)


def ended(thread):
    thread.join(20)
    assert not thread.is_alive()
    return Replay.objects.select_related("job").get()


def test_a_cancelled_one_ends_in_the_middle_of_an_answer(under_way, stub):
    run, thread, _ = under_way
    run.cancelled.set()
    row = ended(thread)
    assert (row.job.state, row.done, row.reserved) == ("cancelled", 0, 0)
    assert not Comparison.objects.filter(replay=row).exists()
    assert (UsageEntry.objects.count(), len(stub.requests)) == (1, 1)
    assert eventually(lambda: stub.cancelled == 1)


def test_one_that_is_stopped_goes_on_behind_the_prompt(under_way, stub):
    _, thread, runner = under_way
    runner.stop()
    row = ended(thread)
    assert (row.job.state, row.job.progress, row.done) == ("waiting", {"begun": 1}, 0)


def test_one_that_is_lost_stores_nothing_but_its_usage(under_way):
    run, thread, _ = under_way
    Job.objects.filter(pk=run.job.pk).update(lease=run.job.pk)  # another process took it
    Replay.objects.update(spent=Decimal("0.5"))
    run.lost.set()
    row = ended(thread)
    assert (row.job.state, row.spent, row.done, UsageEntry.objects.count()) == ("running", Decimal("0.5"), 0, 1)


def test_one_whose_account_is_deleted_ends(under_way, ann):
    run, thread, _ = under_way
    ann.delete()
    run.cancelled.set()
    thread.join(20)
    assert (Replay.objects.count(), Job.objects.count(), Comparison.objects.count()) == (0, 0, 0)
