"""Typed readers of environment variables that fail loudly and name the variable."""

import math
import re
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()

_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_PERIODS = {"s": "second", "m": "minute", "h": "hour", "d": "day"}


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    """Read a whole number. Raises ImproperlyConfigured if it is not one, or below `minimum`."""
    raw = env.str(name, default="").strip()
    if not raw:
        return default
    if not raw.isdecimal() or int(raw) < minimum:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {minimum}, not {raw!r}.")
    return int(raw)


def seconds(name: str, default: float) -> float:
    """Read a time of more than 0 seconds. Raises ImproperlyConfigured for anything else."""
    raw = env.str(name, default="").strip()
    try:
        value = float(raw) if raw else default
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ImproperlyConfigured(f"{name} must be a number of seconds above 0, not {raw!r}.")
    return value


def boolean(name: str, *, default: bool) -> bool:
    """Read true or false. Raises ImproperlyConfigured for anything else."""
    raw = env.str(name, default="").strip().lower()
    if not raw:
        return default
    if raw not in _BOOLEANS:
        raise ImproperlyConfigured(f"{name} must be true or false, not {raw!r}.")
    return _BOOLEANS[raw]


def choice(name: str, default: str, choices: Sequence[str]) -> str:
    """Read one of several words. Raises ImproperlyConfigured for another."""
    value = env.str(name, default="") or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def days(name: str) -> timedelta | None:
    """Read a time like `365d`; None for `off`, and without one. Raises ImproperlyConfigured."""
    raw = env.str(name, default="").strip().lower()
    if raw in ("", "off"):
        return None
    number = raw.removesuffix("d")
    if not (raw.endswith("d") and number.isascii() and number.isdecimal() and 1 <= int(number) <= 36_500):
        raise ImproperlyConfigured(f"{name} must be `off` or a number of days like `365d`, not {raw!r}.")
    return timedelta(days=int(number))


def rate(name: str, default: str) -> str | None:
    """Read a rate like `60/min` in the notation of the `limits` package; None for `off`.

    Only the period's first letter counts (s, m, h, d), as in Django REST framework. Raises ImproperlyConfigured.
    """
    raw = env.str(name, default=default).strip().lower()
    if raw == "off":
        return None
    if (written := as_rate(raw)) is None:
        raise ImproperlyConfigured(f"{name} must be `off` or look like `60/min`, not {raw!r}.")
    return written


def as_rate(text: str) -> str | None:
    """Return a rate like `60/min` in the notation of the `limits` package; None for a text that is none."""
    match = re.fullmatch(r"(\d+)\s*/\s*([smhd])[a-z]*", text)
    return f"{int(match[1])}/{_PERIODS[match[2]]}" if match and int(match[1]) else None


def listed(name: str, default: str = "") -> list[str]:
    """Read a comma-separated list; empty items are dropped."""
    return [item.strip() for item in env.str(name, default=default).split(",") if item.strip()]


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Read a comma-separated list of addresses or networks in CIDR notation. Raises ImproperlyConfigured."""
    found = []
    for item in listed(name):
        try:
            found.append(ip_network(item))
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must hold networks like 10.0.0.0/8: {error}.") from error
    return found


def required(names: list[str]) -> None:
    """Raise ImproperlyConfigured naming every variable of `names` that is unset or empty."""
    missing = [name for name in names if not env.str(name, default="").strip()]
    if missing:
        them = "them" if len(missing) > 1 else "it"
        raise ImproperlyConfigured(
            f"DJANGO_ENV=production needs {', '.join(missing)}: set {them} in the environment or in .env, "
            "as docs/deployment.md shows."
        )
