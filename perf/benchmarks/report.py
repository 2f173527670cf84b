"""Showing what benchmarks found: as lines and tables while they run, or as one JSON document."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from perf.benchmarks.cases import CASES, Note, Options, Output, Result, Row
from perf.benchmarks.machine import machine

NAME_WIDTH, CELL_WIDTH = 16, 8  # characters of a table's first column, and of the others at least


def lines(outputs: Iterable[Output]) -> Iterator[str]:
    """Write each output as it comes; a table begins anew where the columns change."""
    columns: list[str] = []
    for output in outputs:
        if isinstance(output, Row):
            named = [result.column for result in output.results]
            if named != columns:
                columns = named
                yield _cells("", columns, columns)
            yield _cells(output.name, [_cell(result.value) for result in output.results], columns)
            goals = [each for each in output.results if not each.holds or each.at_most or each.at_least]
            yield from (f"    {result}" for result in goals)
        else:
            columns = []
            yield output.text if isinstance(output, Note) else str(output)


def document(options: Options, runs: Mapping[str, Iterable[Output]]) -> dict[str, Any]:
    """Run everything and return what `--json` prints."""
    began = datetime.now(UTC)
    shown = {name: value for name, value in asdict(options).items() if not name.endswith("_url")}
    head = {"date": began.isoformat(timespec="seconds"), "machine": machine(options), "options": shown}
    return {**head, "cases": {name: _case(CASES[name].summary, list(outputs)) for name, outputs in runs.items()}}


def _case(summary: str, outputs: list[Output]) -> dict[str, Any]:
    rows = [output for output in outputs if isinstance(output, Row)]
    return {
        "summary": summary,
        "notes": [output.text for output in outputs if isinstance(output, Note)],
        "rows": {row.name: {result.figure: result.as_json() for result in row.results} for row in rows},
        "figures": {output.figure: output.as_json() for output in outputs if isinstance(output, Result)},
    }


def _cell(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"


def _cells(name: str, cells: list[str], columns: list[str]) -> str:
    widths = [max(CELL_WIDTH, len(column) + 2) for column in columns]
    return f"{name:<{NAME_WIDTH}}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
