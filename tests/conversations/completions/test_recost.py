"""`manage.py recost`."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from conversations.models import ComparisonResult, Message
from models_registry.models import LLMModel
from tests.conversations.comparisons import comparison
from tests.helpers import conversation

pytestmark = pytest.mark.django_db

SINCE = "2026-05-01"
THEN = datetime(2026, 5, 1, 12, tzinfo=UTC)
COUNTS = {"prompt_tokens": 20_000, "completion_tokens": 500, "cache_read_tokens": 18_000}


@pytest.fixture(autouse=True)
def _model(openai):
    LLMModel.objects.create(
        provider=openai, model_id="m", name="m", input_price="1.25", output_price=10, cache_read_price="0.125"
    )


@pytest.fixture
def message(ann):
    """Store an answer of the model "m"."""

    def store(**fields):
        defaults = {"role": "assistant", "provider": "openai", "model": "m", "created_at": THEN, **COUNTS}
        return Message.objects.create(conversation=conversation(ann), **{**defaults, **fields})

    return store


def run(capsys, *options):
    call_command("recost", "--since", SINCE, *options)
    return capsys.readouterr().out.splitlines()


def test_a_row_from_before_gets_its_true_cost_and_its_prices(message, capsys):
    row = message(cost="0.03")
    assert run(capsys) == [
        "openai/m: 1 rows, 0.030000 → 0.009750 USD (-0.020250)",
        "1 of 1 rows changed; 0 have no price in the registry.",
    ]
    row.refresh_from_db()
    assert (row.cost, row.cost_source) == (Decimal("0.00975"), "registry")
    assert (row.input_price, row.cache_read_price, row.cache_write_price, row.output_price) == (
        Decimal("1.25"),
        Decimal("0.125"),
        None,
        10,
    )


def test_a_dry_run_stores_nothing(message, capsys):
    row = message(cost="0.03")
    assert run(capsys, "--dry-run")[-1] == "1 of 1 rows would change; 0 have no price in the registry."
    row.refresh_from_db()
    assert (row.cost, row.cost_source) == (Decimal("0.03"), None)


def test_the_second_time_nothing_changes(message, capsys):
    message(cost="0.03")
    run(capsys)
    assert run(capsys) == ["0 of 1 rows changed; 0 have no price in the registry."]


@pytest.mark.parametrize(
    "fields",
    [
        {"cost": "0.5", "cost_source": "vendor"},
        {"cost": "0.5", "created_at": THEN - timedelta(days=1)},
        {"cost": None, "prompt_tokens": None},
        {"cost": "0.5", "model": "unknown"},
    ],
)
def test_what_stays_as_it_is(message, capsys, fields):
    row = message(**fields)
    run(capsys)
    row.refresh_from_db()
    assert (str(row.cost).rstrip("0"), row.cost_source) == (str(fields["cost"]), fields.get("cost_source"))


def test_estimated_tokens_stay_estimated(message, capsys):
    row = message(cost=None, estimated=True)
    run(capsys)
    row.refresh_from_db()
    assert (row.cost, row.cost_source) == (Decimal("0.00975"), "estimated")


def test_results_of_comparisons_change_the_leaderboard(ann, api, capsys):
    row = comparison(ann, "openai/m", "openai/n", each={"prompt_tokens": 1_000_000, "completion_tokens": 0, "cost": 9})
    type(row).objects.filter(pk=row.pk).update(created_at=THEN)
    api.post(f"/api/v1/comparisons/{row.pk}/vote", {"preferred_index": 0})
    costs = {each["model"]: each["avg_cost"] for each in api.get("/api/v1/leaderboard").json()["results"]}
    assert costs == {"m": "9", "n": "9"}
    run(capsys)
    assert ComparisonResult.objects.get(model="m").cost == Decimal("1.25")
    costs = {each["model"]: each["avg_cost"] for each in api.get("/api/v1/leaderboard").json()["results"]}
    assert costs == {"m": "1.25", "n": "9"}


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", ""])
def test_a_day_that_is_none(since):
    with pytest.raises(CommandError):
        call_command("recost", "--since", since)
