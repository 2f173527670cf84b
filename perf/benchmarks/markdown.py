"""Writing what benchmarks found into a document, between the comments that mark their place.

A document says `<!-- benchmark CASE on DATABASE -->` (sqlite, postgresql) where a case's tables belong, and
`<!-- end -->` after them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from perf.benchmarks.cases import Note, Options, Output, Result, Row, results_of
from perf.benchmarks.machine import described


def insert(path: Path, case: str, options: Options, outputs: Sequence[Output]) -> bool:
    """Replace the tables of a case in a document; tells whether the document has a place for them."""
    begin = f"<!-- benchmark {case} on {'postgresql' if options.database_url else 'sqlite'} -->\n"
    end = "<!-- end -->"
    tables = "\n".join(markdown(options, outputs))
    place = re.compile(re.escape(begin) + ".*?" + end, re.DOTALL)
    new, found = place.subn(lambda _: f"{begin}{tables}\n{end}", path.read_text())
    if found:
        path.write_text(new)
    return bool(found)


def markdown(options: Options, outputs: Iterable[Output]) -> Iterator[str]:
    """Write when and where a case was measured, its notes as a list, and its tables."""
    yield f"Measured on {datetime.now(UTC):%Y-%m-%d}: {described(options)}."
    columns: list[str] | None = None
    for output in outputs:
        if isinstance(output, Note):
            yield from () if columns == [] else ("",)
            yield f"- {output.text}"
            columns = []
            continue
        results = results_of(output)
        named = [result.column for result in results]
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
