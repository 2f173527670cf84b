"""`manage.py benchmark`: what it runs, what it prints, and when it fails."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from perf.benchmarks.cases import CASES, Case, Note, Result, Row


def measured(options):
    """Yield what a case may yield."""
    chosen = options.chosen(["quick", "slow"])
    yield Note(f"{options.messages} messages")
    for name in chosen:
        yield Row(name, (Result("median", 12.5, "ms", at_most=20), Result("queries", 2, "", at_most=3)))
    yield Result("seen", options.rounds, "times", at_least=2)


@pytest.fixture
def case(monkeypatch):
    monkeypatch.setitem(CASES, "case", Case("a case", f"{__name__}.measured"))


def run(*arguments, **options):
    out = StringIO()
    try:
        call_command("benchmark", "case", *arguments, stdout=out, no_color=True, **options)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), None


def test_notes_tables_and_figures_are_printed(case):
    text, failure = run(messages=7)
    assert failure is None
    head, *lines = text.splitlines()
    assert "Django 5.2" in head
    assert lines == [
        "case: a case",
        "  7 messages",
        f"  {'':16}  median ms  queries",
        f"  {'quick':16}       12.5        2",
        "      median: 12.5 ms (at most 20: ok)",
        "      queries: 2  (at most 3: ok)",
        f"  {'slow':16}       12.5        2",
        "      median: 12.5 ms (at most 20: ok)",
        "      queries: 2  (at most 3: ok)",
        "  seen: 300 times (at least 2: ok)",
    ]


def test_only_some_rows(case):
    text, failure = run(only=["slow"])
    assert failure is None
    assert "  slow" in text
    assert "quick" not in text


def test_an_unknown_row_or_case_is_refused(case):
    assert run(only=["fast"])[1] == "There is no fast; there are quick, slow."
    with pytest.raises(CommandError, match="There is no case nothing; there are"):
        call_command("benchmark", "nothing")


def test_a_missed_bound_is_a_failure(case):
    text, failure = run(rounds=1)
    assert failure == "1 of the bounds were missed."
    assert "seen: 1 times (at least 2: MISSED)" in text


def test_one_json_document(case):
    text, failure = run("--json", only=["quick"])
    assert failure is None
    document = json.loads(text)
    assert document["options"] == {
        "rounds": 300,
        "seconds": 60,
        "messages": 1_000_000,
        "votes": None,
        "litellm": None,
        "only": ["quick"],
    }
    assert set(document["machine"]) >= {"cores", "cpu", "load", "python", "django", "database", "cache"}
    median = {"figure": "median", "value": 12.5, "unit": "ms", "at_most": 20, "at_least": None, "holds": True}
    queries = {"figure": "queries", "value": 2, "unit": "", "at_most": 3, "at_least": None, "holds": True}
    seen = {"figure": "seen", "value": 300, "unit": "times", "at_most": None, "at_least": 2, "holds": True}
    assert document["cases"] == {
        "case": {
            "summary": "a case",
            "notes": ["1000000 messages"],
            "rows": {"quick": {"median": median, "queries": queries}},
            "figures": {"seen": seen},
        }
    }


def test_tables_into_a_document(case, tmp_path):
    document = tmp_path / "performance.md"
    document.write_text("Before.\n<!-- benchmark case on sqlite -->\nold\n<!-- end -->\nAfter.\n<!-- end -->\n")
    assert run("--into", str(document))[1] is None
    assert run("--into", str(document), rounds=1)[1] == "1 of the bounds were missed."
    before, begin, measured, *rest = document.read_text().splitlines()
    assert (before, begin) == ("Before.", "<!-- benchmark case on sqlite -->")
    assert measured.startswith("Measured on 20")
    assert rest == [
        "",
        "- 1000000 messages",
        "",
        "|  | median ms | queries |",
        "| --- | ---: | ---: |",
        "| quick | 12.5 (≤ 20) | 2 (≤ 3) |",
        "| slow | 12.5 (≤ 20) | 2 (≤ 3) |",
        "",
        "|  | seen times |",
        "| --- | ---: |",
        "|  | **1** (≥ 2) |",
        "<!-- end -->",
        "After.",
        "<!-- end -->",
    ]


def test_a_document_without_a_place_is_refused(case, tmp_path):
    document = tmp_path / "performance.md"
    document.write_text("Nothing.\n")
    assert run("--into", str(document))[1] == f"{document} has no place for what was measured."
    assert document.read_text() == "Nothing.\n"
