"""`manage.py benchmark`: run the registered measurements on scratch data and real servers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from perf.benchmark import CASES, Options


class Command(BaseCommand):
    """Measures, prints each figure, and fails when a bound is missed."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Choose what is measured on what."""
        parser.add_argument("cases", nargs="*", metavar="case", help=f"one of {', '.join(CASES)}; all when left out")
        parser.add_argument("--database-url", help="an empty database to fill; a SQLite file of its own when left out")
        parser.add_argument("--redis-url", help="memory when left out")
        parser.add_argument("--rounds", type=int, default=300, help="repetitions of each call")
        parser.add_argument("--seconds", type=int, default=60, help="how long a load lasts")

    def handle(self, *_: Any, cases: list[str], **options: Any) -> None:
        """Run the cases one after the other."""
        if unknown := set(cases) - set(CASES):
            raise CommandError(f"There is no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}.")
        given = Options(
            database_url=options["database_url"],
            redis_url=options["redis_url"],
            rounds=options["rounds"],
            seconds=options["seconds"],
        )
        missed = 0
        for name in cases or CASES:
            self.stdout.write(self.style.MIGRATE_HEADING(f"{name}: {CASES[name].summary}"))
            for result in CASES[name].run(given):
                missed += not result.holds
                self.stdout.write(f"  {result}")
        if missed:
            raise CommandError(f"{missed} of the bounds were missed.")
