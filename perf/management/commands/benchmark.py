"""`manage.py benchmark`: run the registered benchmarks on scratch data and real servers."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.test.utils import override_settings

from perf.benchmarks.cases import CASES, Options, Output, UnknownRow, results_of
from perf.benchmarks.machine import described
from perf.benchmarks.markdown import insert
from perf.benchmarks.report import document, lines

DEFAULT = "predecessor"


class Command(BaseCommand):
    """Prints every measured figure, and fails when one is out of its bounds."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options that choose the cases, the services and the size."""
        names = ", ".join(CASES)
        parser.add_argument("cases", nargs="*", metavar="case", help=f"some of {names}; {DEFAULT} by default")
        parser.add_argument("--only", action="append", default=[], metavar="ROW", help="one row of a case with a table")
        parser.add_argument(
            "--database-url", help="PostgreSQL server on which to create a temporary database; a SQLite file by default"
        )
        parser.add_argument("--redis-url", help="Redis to use as the cache; memory by default")
        parser.add_argument("--rounds", type=int, default=300, help="repetitions of each call")
        parser.add_argument("--seconds", type=int, default=60, help="how long a load lasts")
        parser.add_argument("--messages", type=int, default=1_000_000, help="messages in the scratch database")
        parser.add_argument("--votes", metavar="FILE", help="CSV of votes, with published ratings in a file beside it")
        parser.add_argument("--litellm", metavar="PATH", help="virtual environment with litellm[proxy], a rival")
        parser.add_argument("--json", action="store_true", help="print one JSON document at the end")
        parser.add_argument("--into", action="append", default=[], type=Path, help="a Markdown file for the tables")

    def handle(self, *_: Any, cases: list[str], **given: Any) -> None:
        """Run the cases one after the other.

        Raises CommandError for an unknown case or row, for a package that is not installed, and for missed bounds.
        """
        if unknown := set(cases) - set(CASES):
            raise CommandError(f"There is no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}.")
        options = Options(**{each.name: given[each.name] for each in fields(Options)} | {"only": tuple(given["only"])})
        found: dict[str, list[Output]] = {name: [] for name in cases or [DEFAULT]}
        with override_settings(DEBUG=False):  # with DEBUG, Django keeps every statement in memory
            try:
                self._run(found, options, as_json=given["json"])
            except UnknownRow as error:
                raise CommandError(str(error)) from error
            except ModuleNotFoundError as error:
                raise CommandError(f"{error.name} is not installed: pip install -r requirements-test.txt") from error
        for path in given["into"]:
            if not sum(insert(path, name, options, outputs) for name, outputs in found.items()):
                raise CommandError(f"{path} has no place for what was measured.")
        results = [result for outputs in found.values() for output in outputs for result in results_of(output)]
        if missed := sum(not result.holds for result in results):
            raise CommandError(f"{missed} of the bounds were missed.")

    def _run(self, found: dict[str, list[Output]], options: Options, *, as_json: bool) -> None:
        """Measure each case, keep its outputs, and print them."""
        runs = {name: _kept(CASES[name].run(options), outputs) for name, outputs in found.items()}
        if as_json:
            self.stdout.write(json.dumps(document(options, runs), indent=1))
            return
        self.stdout.write(described(options))
        for name, outputs in runs.items():
            self.stdout.write(self.style.MIGRATE_HEADING(f"{name}: {CASES[name].summary}"))
            for line in lines(outputs):
                self.stdout.write(f"  {line}")
                self.stdout.flush()


def _kept(outputs: Iterator[Output], kept: list[Output]) -> Iterator[Output]:
    """Pass outputs on as they come, and keep them."""
    for output in outputs:
        kept.append(output)
        yield output
