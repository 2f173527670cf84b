"""`manage.py perf_report`: print the times of requests, statements, caches and the figures of apps, of all workers."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from perf.pages import formatting
from perf.pages.performance import ranges
from perf.pages.reports import tables
from perf.pages.sections import SECTIONS
from perf.timing.figures import Figures, load
from perf.timing.rows import SlowEvent


class Command(BaseCommand):
    """Prints what the performance page of the admin shows."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options that choose the range and the format."""
        parser.add_argument(
            "--since",
            default=formatting.DEFAULT_RANGE,
            help=f"one of {', '.join(ranges.NAMES)}, or a time in ISO 8601; {formatting.DEFAULT_RANGE} by default",
        )
        parser.add_argument("--until", help="a time in ISO 8601; now by default, and for yesterday its end")
        parser.add_argument("--limit", type=int, default=20, help="rows of a table, 20 by default")
        parser.add_argument("--json", action="store_true", help="print everything as JSON; durations are seconds")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print the figures. Raises CommandError when they cannot be read."""
        since, until = _range(options["since"], options["until"])
        try:
            figures = load(since, until)
        except Exception as error:  # whatever the store raises
            raise CommandError(formatting.read_failure(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(_everything(figures), cls=DjangoJSONEncoder))
            return
        for line in tables(figures, max(options["limit"], 1)):
            self.stdout.write(line)


def _range(since: str, until: str | None) -> tuple[datetime, datetime]:
    """Return the beginning and the end. Raises CommandError for what is none, or an end before the beginning."""
    chosen = ranges.named(since) if since in ranges.NAMES else None
    begin = chosen.since if chosen else _moment("--since", since, f"one of {', '.join(ranges.NAMES)}, or ")
    end = chosen.until if chosen else timezone.now()
    if until is not None:
        end = _moment("--until", until)
    if end <= begin:
        raise CommandError("--until must be later than --since.")
    return begin, end


def _moment(option: str, text: str, other: str = "") -> datetime:
    """Return a time in ISO 8601. Raises CommandError for anything else."""
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"{option} must be {other}a time in ISO 8601, not {text!r}.")
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def _everything(figures: Figures) -> dict[str, Any]:
    return {
        "since": figures.since,
        "until": figures.until,
        "seconds": figures.seconds,
        "gauges": figures.gauges,
        "times": asdict(figures.all_requests()),
        "requests": [asdict(row) for row in figures.requests()],
        "queries": [asdict(row) for row in figures.queries()],
        "n_plus_one": [asdict(row) for row in figures.suspects()],
        "slow_requests": [_event(event) for event in figures.slow_requests()],
        "slow_queries": [_event(event) for event in figures.slow_queries()],
        "caches": [asdict(row) for row in figures.caches()],
        "pool_wait": asdict(figures.pool()),
        **{section.name: section.data(figures.total) for section in SECTIONS},
    }


def _event(event: SlowEvent) -> dict[str, Any]:
    return {"at": event.at, "duration": event.duration, "what": event.details}
