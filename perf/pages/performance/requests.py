"""What the pages say of requests: which count in the headline figures, and who sent a slow or failed one."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.urls import reverse

from perf.timing import kinds, rows
from perf.timing.figures import Figures
from perf.timing.kinds import Key
from perf.timing.request_stats import PARTS
from perf.timing.request_timing import STATIC
from perf.timing.rows import SlowEvent, Times


@dataclass(frozen=True, slots=True)
class Headline:
    """The requests that users wait for: their times, and how many failed."""

    times: Times
    failed: int

    @property
    def error_rate(self) -> float | None:
        """The share that failed, None without a request."""
        return self.failed / self.times.count if self.times.count else None


@dataclass(frozen=True, slots=True)
class Line:
    """A slow or failed request; `user` is the name, and `parts` are the seconds of each of `PARTS`, None if unknown."""

    event: SlowEvent
    user: str
    parts: list[float | None]


def counts(key: Key) -> bool:
    """Tell whether a request counts in the headline: static files and the pages of the admin do not."""
    admin = reverse("admin:index").lstrip("/")
    return key[1] != STATIC and not key[1].startswith(admin)


def headline(figures: Figures) -> Headline:
    """Sum the requests that count."""
    series = {key: one for key, one in figures.total.of(kinds.REQUESTS).items() if counts(key)}
    return Headline(rows.times(series.values()), rows.count_failed(series))


def lines(events: Iterable[SlowEvent]) -> list[Line]:
    """Name the users of requests, in one query."""
    found = list(events)
    ids = {event.details.get("user_id") for event in found} - {None}
    users = {user.pk: user.get_username() for user in get_user_model()._default_manager.filter(pk__in=ids)}
    return [
        Line(
            event,
            users.get(pk, f"user {pk}, deleted") if (pk := event.details.get("user_id")) is not None else "",
            [event.details.get(part.name) for part in PARTS],
        )
        for event in found
    ]
