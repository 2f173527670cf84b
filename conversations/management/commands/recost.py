"""`manage.py recost`: price stored calls anew by the registry's present prices."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime
from tqdm import tqdm

from conversations.completions.recosting import Difference, Recosting, recost


class Command(BaseCommand):
    """Shows by how much costs differ, and stores the new ones."""

    help = (
        "Price the calls since a day by the prices that the registry has now, and print by how much each model's costs "
        "change. Costs that the vendor reported stay as they are. Run it with --dry-run first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the day."""
        parser.add_argument("--since", required=True, metavar="DATE", help="2026-11-01, or with a time (UTC)")
        parser.add_argument("--dry-run", action="store_true", help="only print the difference")

    def handle(self, *_: Any, since: str, dry_run: bool, **__: Any) -> None:
        """Recompute and report."""
        moment = _moment(since)
        with tqdm(unit=" rows", unit_scale=True, disable=None) as bar:  # silent without a terminal
            result = recost(since=moment, write=not dry_run, progress=bar.update)
        for (provider, model), difference in sorted(result.differences.items()):
            self.stdout.write(f"{provider}/{model}: {_sentence(difference)}")
        self.stdout.write(_summary(result, dry_run=dry_run))


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
        day = None if moment else parse_date(text)
    except ValueError as error:
        raise CommandError(f"--since {text!r}: {error}.") from error
    if moment is None and day is None:
        raise CommandError(f"--since {text!r} is no date: write it like 2026-11-01.")
    moment = moment or datetime.combine(day, datetime.min.time())  # type: ignore[arg-type]
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sentence(difference: Difference) -> str:
    change = difference.after - difference.before
    return f"{difference.rows:,} rows, {_usd(difference.before)} → {_usd(difference.after)} USD ({_usd(change, '+')})"


def _summary(result: Recosting, *, dry_run: bool) -> str:
    changed = sum(each.rows for each in result.differences.values())
    verb = "would change" if dry_run else "changed"
    return f"{changed:,} of {result.rows:,} rows {verb}; {result.unpriced:,} have no price in the registry."


def _usd(amount: Decimal, sign: str = "") -> str:
    return f"{amount:{sign}.6f}"
