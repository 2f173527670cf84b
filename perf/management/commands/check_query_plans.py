"""`manage.py check_query_plans`: prove that the database serves every declared query by an index."""

from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from perf.db.scratch import scratch_database
from perf.plans.declared_queries import Verdict, check, fill


class Command(BaseCommand):
    """Explains each declared query, prints the indexes used, and fails on a sequential scan or a sort."""

    help = (
        "Explain each query of the API on the connected database, and print the indexes that it uses. Fail if a query "
        "scans a table or sorts rows. PostgreSQL may sort a few rows, or read a table of a few pages, if an index "
        "could serve the query too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options that choose the database and what is printed."""
        parser.add_argument(
            "--scratch", action="store_true", help="create, fill and check a temporary database, then delete it"
        )
        parser.add_argument("--explain", action="store_true", help="print the plans too")

    def handle(self, *_: Any, **options: Any) -> None:
        """Check and print. Raises CommandError when an index is missing."""
        with scratch_database() if options["scratch"] else nullcontext():
            if options["scratch"]:
                fill()
            verdicts = list(check())
        for verdict in verdicts if options["verbosity"] else [verdict for verdict in verdicts if verdict.problems]:
            self._print(verdict, plan=options["explain"])
        failed = list(dict.fromkeys(verdict.query.name for verdict in verdicts if verdict.problems))
        if failed:
            raise CommandError(f"Not served by an index: {'; '.join(failed)}. ({len(failed)} queries)")
        self.stdout.write(f"{len(verdicts)} queries, each served by an index or excused.")

    def _print(self, verdict: Verdict, *, plan: bool) -> None:
        indexes = ", ".join(dict.fromkeys(verdict.plan.indexes)) or "no index"
        state = self.style.ERROR("FAIL") if verdict.problems else self.style.SUCCESS("ok  ")
        self.stdout.write(f"{state} {verdict.query.name}: {indexes}")
        for problem in verdict.problems:
            self.stdout.write(self.style.ERROR(f"       {problem}"))
        for reason in dict.fromkeys(verdict.excused):
            self.stdout.write(f"       {reason}")
        for line in verdict.plan.lines if plan else ():
            self.stdout.write(f"         {line}")
