"""`manage.py cache_stats`: print hits, misses and invalidations of each cache namespace, summed over all workers."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from perf.caching.stats import all_stats, backend
from perf.management.shared import require_shared_cache


class Command(BaseCommand):
    """Prints a line for each namespace; needs Redis."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the option that chooses the format."""
        parser.add_argument("--json", action="store_true", help="print what GET /api/v1/admin/cache/stats answers")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print the statistics. Raises CommandError without Redis, and when it does not answer."""
        require_shared_cache()
        try:
            rows = [stats.row() for stats in all_stats()]
        except Exception as error:
            raise CommandError(f"The cache does not answer: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps({"backend": backend(), "namespaces": rows}))
            return
        self.stdout.write(
            f"{'namespace':<16}{'hit rate':>9}{'hits':>10}{'misses':>10}{'sets':>10}{'inval.':>10}{'ttl':>9}"
        )
        for row in rows:
            rate = f"{row['hit_rate']:.1%}" if row["hits"] + row["misses"] else "-"
            counts = "".join(f"{row[field]:>10}" for field in ("hits", "misses", "sets", "invalidations"))
            self.stdout.write(f"{row['name']:<16}{rate:>9}{counts}{row['ttl']:>7} s")
