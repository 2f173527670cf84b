"""The range of time that a page shows: so long until now, a day, or from one moment to another."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from perf.pages import formatting
from perf.timing.figures import Figures, load

NAMES = (*formatting.RANGES, "today", "yesterday")
WIDEST = list(formatting.RANGES)[-1]
WRITTEN = "%Y-%m-%dT%H:%M"  # as a browser's field of a time has it


@dataclass(frozen=True, slots=True)
class Range:
    """From `since` up to `until`, in UTC; `name` is empty between two moments of somebody's choice."""

    name: str
    since: datetime
    until: datetime

    @property
    def seconds(self) -> int:
        """How long it is."""
        return int((self.until - self.since).total_seconds())

    @property
    def query(self) -> str:
        """The query string that chooses it."""
        return urlencode({"range": self.name} if self.name else self.fields)

    @property
    def fields(self) -> dict[str, str]:
        """Both moments as the fields of the form have them."""
        return {"since": self.since.strftime(WRITTEN), "until": self.until.strftime(WRITTEN)}

    @property
    def over(self) -> bool:
        """Whether it does not reach to now."""
        return self.until < timezone.now() - timedelta(minutes=1)

    def load(self) -> Figures:
        """Return its figures. Raises what the store raises."""
        return load(self.since, self.until)


def named(name: str) -> Range:
    """Return the range of one of `NAMES`. Raises KeyError for any other."""
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if name == "today":
        return Range(name, midnight, now)
    if name == "yesterday":
        return Range(name, midnight - timedelta(days=1), midnight)
    return Range(name, now - timedelta(seconds=formatting.RANGES[name]), now)


def chosen(request: HttpRequest) -> Range:
    """Return the requested range, or the default one where what is asked for makes no sense."""
    name = request.GET.get("range", "")
    if name in NAMES:
        return named(name)
    now = timezone.now()
    since, until = (_moment(request.GET.get(end, "")) for end in ("since", "until"))
    if since is None or since >= min(until or now, now):
        return named(formatting.DEFAULT_RANGE)
    return Range("", since, min(until or now, now))


def _moment(text: str) -> datetime | None:
    """Read a time in ISO 8601, in UTC unless it says otherwise."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is None or timezone.is_aware(found) else found.replace(tzinfo=UTC)
