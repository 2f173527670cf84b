"""The client's address, also behind proxies."""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](:\d+)?|(?P<four>[\d.]+):\d+")


def client_address(request: HttpRequest) -> str:
    """Return the address `TRUSTED_PROXIES` hops from the right of `X-Forwarded-For`; with none, the peer's.

    Only what our own proxies appended can be believed; whatever stands further left the client may have made up.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES:
        return peer
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    return forwarded[-settings.TRUSTED_PROXIES] if len(forwarded) >= settings.TRUSTED_PROXIES else peer


def client_network(request: HttpRequest) -> str:
    """Return what one client can call its own: an IPv4 address, or the 64 bits of an IPv6 one that are not its to vary.

    Some proxies append the port to the address; it is left out. What is no address at all is returned as it is.
    """
    text = client_address(request)
    if match := _WITH_PORT.fullmatch(text):
        text = match["six"] or match["four"]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((int(address), 64), strict=False))
