"""How long a provider asks to wait, wherever and however it says so."""

import email.utils
import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

DELAYS = frozenset({"retryDelay", "retry_delay", "retryAfter", "retry_after", "retry_after_seconds"})
DEFAULT_WAIT, MAX_WAIT = 10, 3_600  # seconds

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SENTENCE = re.compile(
    r"(?:retry|try again) (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|[dhms])\s*)+|\d+(?:\.\d+)?(?= sec))", re.IGNORECASE
)
# OpenAI, Groq and others: https://platform.openai.com/docs/guides/rate-limits, Anthropic:
# https://docs.anthropic.com/en/api/rate-limits.
_RESET = re.compile(r"(?:x-|anthropic-)?ratelimit-(?:.+-)?reset(?:-.+)?")


def asked_wait(headers: Mapping[str, str], body: Any) -> float | None:
    """Find the seconds that a refusal asks to wait; None where it names none.

    In turn: `retry-after-ms`, `retry-after` in seconds or as a date, a `RetryInfo` as Google's in the body, the resets
    of the limits that are used up, and a sentence like "try again in 7.66s".
    """
    given = {name.lower(): value for name, value in headers.items()}
    milliseconds = _number(given.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1_000
    asked = _moment(given.get("retry-after"))
    if asked is None:
        asked = next((wait for text in _retry_infos(body) if (wait := _moment(text)) is not None), None)
    if asked is None:
        asked = _resets(given)
    if asked is None:
        asked = next((wait for text in texts(body) if (wait := _sentence(text)) is not None), None)
    return asked


def bounded(seconds: float | None) -> int:
    """Make whole seconds of a wait: at least one, at most an hour, `DEFAULT_WAIT` where none is named."""
    return DEFAULT_WAIT if seconds is None else math.ceil(min(max(seconds, 1), MAX_WAIT))


def texts(body: Any) -> Iterator[str]:
    """Yield all strings of a parsed body."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict | list):
        for value in body.values() if isinstance(body, dict) else body:
            yield from texts(value)


def _retry_infos(body: Any) -> Iterator[str]:
    """Yield the delays of `google.rpc.RetryInfo` (https://cloud.google.com/apis/design/errors#error_details) ."""
    if isinstance(body, list):
        for item in body:
            yield from _retry_infos(item)
    elif isinstance(body, dict):
        for name, value in body.items():
            if name in DELAYS and isinstance(value, str | int | float):
                yield str(value)
            elif name in DELAYS and isinstance(value, dict):  # protobuf's other spelling
                yield str(value.get("seconds"))
            else:
                yield from _retry_infos(value)


def _resets(headers: Mapping[str, str]) -> float | None:
    """Read when limits are reset: those with nothing left, or the soonest where none tells what is left.

    Resets come as `6m0s`, as a moment, or as seconds: since 1970 when there are very many of them.
    """
    waits = []
    for name, value in headers.items():
        if _RESET.fullmatch(name) and (wait := _moment(value)) is not None:
            left = headers.get(name.replace("-reset", "-remaining"))
            waits.append((_number(left) == 0, wait))
    spent = [wait for is_spent, wait in waits if is_spent]
    return max(spent) if spent else min((wait for _, wait in waits), default=None)


def _moment(text: str | None) -> float | None:
    """Read seconds from now: a number, a duration, an HTTP date or RFC 3339."""
    if not text or not (text := text.strip()):
        return None
    seconds = _number(text)
    if seconds is not None:
        now = time.time()
        if seconds > 1e11:
            seconds /= 1_000
        return seconds - now if seconds > now / 2 else seconds
    duration = _duration(text)
    if duration is not None:
        return duration
    for parse in (email.utils.parsedate_to_datetime, datetime.fromisoformat):
        try:
            return parse(text).timestamp() - time.time()
        except (ValueError, OverflowError, TypeError):
            continue
    return None


def _duration(text: str) -> float | None:
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        return None
    return sum(float(number) * _SECONDS[unit.lower()] for number, unit in parts)


def _sentence(text: str) -> float | None:
    found = _SENTENCE.search(text)
    return _moment(found[1]) if found else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "nan")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
