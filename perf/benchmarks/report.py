"""Saying what benchmarks found: as lines and tables while they run, or as one JSON document."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from perf.benchmarks.cases import CASES, Case, Note, Options, Output, Result, Row
from perf.benchmarks.machine import machine

NAME_WIDTH, CELL_WIDTH = 16, 8  # characters of a table's first column, and of the others at least


def lines(outputs: Iterable[Output]) -> Iterator[str]:
    """Write each output as it comes; a table begins anew where the columns change."""
    columns: list[str] = []
    for output in outputs:
        if isinstance(output, Row):
            named = [_column(result) for result in output.results]
            if named != columns:
                columns = named
                yield _cells("", columns, columns)
            yield _cells(output.name, [_cell(result) for result in output.results], columns)
            yield from (f"    {result}" for result in output.results if _worth_a_line(result))
        else:
            columns = []
            yield output.text if isinstance(output, Note) else str(output)


def document(options: Options, runs: Mapping[str, Iterable[Output]]) -> dict[str, Any]:
    """Run everything and return what `--json` prints."""
    began = datetime.now(UTC)
    shown = {name: value for name, value in asdict(options).items() if not name.endswith("_url")}
    head = {"date": began.isoformat(timespec="seconds"), "machine": machine(options), "options": shown}
    return {**head, "cases": {name: _case(CASES[name], list(outputs)) for name, outputs in runs.items()}}


def _case(case: Case, found: list[Output]) -> dict[str, Any]:
    return {
        "summary": case.summary,
        "notes": [output.text for output in found if isinstance(output, Note)],
        "rows": {
            output.name: {result.figure: result.as_json() for result in output.results}
            for output in found
            if isinstance(output, Row)
        },
        "figures": {output.figure: output.as_json() for output in found if isinstance(output, Result)},
    }


def _worth_a_line(result: Result) -> bool:
    """Tell whether a bound is missed, or is one that could be met more or less well."""
    return not result.holds or bool(result.at_most or result.at_least)


def _column(result: Result) -> str:
    return f"{result.figure} {result.unit}".strip()


def _cell(result: Result) -> str:
    return f"{result.value:.4g}" if abs(result.value) < 10_000 else f"{result.value:.0f}"


def _cells(name: str, cells: list[str], columns: list[str]) -> str:
    widths = [max(CELL_WIDTH, len(column) + 2) for column in columns]
    return f"{name:<{NAME_WIDTH}}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
