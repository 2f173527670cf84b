"""Writing what benchmarks found into documents, between the comments that name them.

A document says `<!-- benchmark CASE on DATABASE -->` (sqlite, postgresql) where a case's tables belong, and
`<!-- end -->` after them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from perf.benchmarks.cases import Note, Options, Output, Result, Row
from perf.benchmarks.machine import said


def insert(path: Path, case: str, options: Options, outputs: Sequence[Output]) -> bool:
    """Replace what stands in a document of a case; tells whether the document has a place for it."""
    database = "postgresql" if options.database_url else "sqlite"
    begin = f"<!-- benchmark {case} on {database} -->"
    place = re.compile(f"({re.escape(begin)}\n).*?(<!-- end -->)", re.DOTALL)
    text = path.read_text()
    said_now = "\n".join(markdown(options, outputs))
    new, found = place.subn(lambda match: f"{match[1]}{said_now}\n{match[2]}", text)
    if found:
        path.write_text(new)
    return bool(found)


def markdown(options: Options, outputs: Iterable[Output]) -> Iterator[str]:
    """Write tables, the notes before them as a list, and when and where it was measured."""
    yield f"Measured on {datetime.now(UTC):%Y-%m-%d}: {said(options)}."
    columns: list[str] | None = None
    for output in outputs:
        if isinstance(output, Note):
            yield from () if columns == [] else ("",)
            yield f"- {output.text}"
            columns = []
            continue
        results = output.results
        named = [f"{result.figure} {result.unit}".strip() for result in results]
        if named != columns:
            columns = named
            yield ""
            yield _line(["", *columns])
            yield _line(["---", *("---:" for _ in columns)])
        yield _line([output.name if isinstance(output, Row) else "", *map(_cell, results)])


def _cell(result: Result) -> str:
    value = f"{result.value:,.0f}" if abs(result.value) >= 100 else f"{result.value:.3g}"
    bounds = [("≤", result.at_most), ("≥", result.at_least)]
    goals = ", ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound)
    if not goals:
        return value
    return f"{value} ({goals})" if result.holds else f"**{value}** ({goals})"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
