"""Base URLs as people write them, made into what requests are sent to."""

import functools
import ipaddress
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

# What people copy along with a base URL, by wire format.
ENDINGS = {
    "anthropic": re.compile(r"(?:/v1)?(?:/messages(?:/count_tokens)?|/complete|/models)?/*$"),
    "openai": re.compile(r"(?:/chat/completions|/chat|/completions|/responses|/embeddings|/models)?/*$"),
}
SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")


class Base(NamedTuple):
    """A base URL taken apart: everything before its query, without a slash at the end, and the query."""

    prefix: str
    query: str

    @property
    def bare(self) -> bool:
        """Whether it has no path."""
        return not parse_url(self.prefix).path

    def url(self, path: str, params: Mapping[str, Any] | None = None) -> str:
        """Write the URL of a path below; the base's own query is part of every request."""
        query = "&".join(filter(None, (self.query, urlencode(params or {}))))
        return f"{self.prefix}{path}{'?' if query else ''}{query}"


def normalised(url: str, kind: str) -> str:
    """Write a base URL in the form that is stored: with a scheme, without the path of one call.

    Without a scheme it is `http` for a name without a dot and for an address, `https` for every other host. Raises
    ValueError with a sentence for what is no address.
    """
    base = split(url, kind)
    return f"{base.prefix}?{base.query}" if base.query else base.prefix


@functools.lru_cache(maxsize=256)
def split(url: str, kind: str) -> Base:
    """Take a base URL of a provider of this kind apart; raises ValueError with a sentence."""
    url = url.strip().strip("\"'")
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError("The address holds a blank or a line break.")
    if not SCHEME.match(url):
        url = f"{_scheme(url)}://{url}"
    try:
        parsed = parse_url(url)
    except LocationParseError:
        raise ValueError("The address cannot be read: it looks like https://host/v1.") from None
    if parsed.scheme not in ("http", "https"):
        raise ValueError(f"The address begins with {parsed.scheme}://; it must be http:// or https://.")
    if not parsed.host or not _is_host(parsed.host):
        raise ValueError("The address names no host: it looks like https://host/v1.")
    if parsed.fragment is not None:
        raise ValueError("The address has a part after #, which no server is sent.")
    path = ENDINGS["anthropic" if kind == "anthropic" else "openai"].sub("", parsed.path or "", count=1).rstrip("/")
    return Base(Url(parsed.scheme, parsed.auth, parsed.host, parsed.port, path or None).url, parsed.query or "")


def _scheme(url: str) -> str:
    """Guess the scheme of an address without one: a machine of one's own rarely has a certificate."""
    host = re.split(r"[/?#]", url.rpartition("@")[2], maxsplit=1)[0]
    name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    return "http" if "." not in name or _is_address(name) else "https"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _is_host(host: str) -> bool:
    return host.startswith("[") or all(0 < len(label) < 64 for label in host.removesuffix(".").split("."))
