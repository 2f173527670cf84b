"""The address of the client, also behind proxies."""

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](:\d+)?|(?P<four>[\d.]+):\d+")


def client_address(request: HttpRequest) -> str:
    """Return the address that is `TRUSTED_PROXIES` hops from the right of `X-Forwarded-For`; with 0, the peer's.

    Only the entries that our own proxies appended are trustworthy; the client can forge those further left.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXIES:
        return peer
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    return forwarded[-settings.TRUSTED_PROXIES] if len(forwarded) >= settings.TRUSTED_PROXIES else peer


def client_network(request: HttpRequest) -> str:
    """Return the client's IPv4 address, or its IPv6 /64 network, within which a client can choose addresses.

    A port, which some proxies append, is left out. A text that is no address is returned unchanged.
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
