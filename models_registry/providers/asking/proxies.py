"""The proxies that the environment, or the system's settings, name for a host."""

import functools
import importlib
import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.request import getproxies, proxy_bypass

from urllib3 import PoolManager
from urllib3.exceptions import LocationValueError
from urllib3.util import make_headers, parse_url


@functools.lru_cache(maxsize=256)
def proxy_of(scheme: str, host: str) -> str | None:
    """Look up the proxy for a host, by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; None for none."""
    found = getproxies()
    proxy = (found.get(scheme) or found.get("all") or "").strip()
    if not proxy or proxy_bypass(host) or _is_in_networks(host, found.get("no", "")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def login(proxy: str) -> dict[str, str]:
    """Write the header for the login that a proxy's address holds."""
    account = parse_url(proxy).auth
    return dict(make_headers(proxy_basic_auth=account)) if account else {}


def socks_manager(proxy: str, options: Mapping[str, Any]) -> PoolManager:
    """Make the pools behind a SOCKS proxy; raises LocationValueError with what is missing or wrong."""
    shown = re.sub(r"(?<=//)[^/@]*@", "", proxy)
    try:
        socks = importlib.import_module("models_registry.providers.asking.socks_proxy")
    except ImportError:
        message = f"{shown} is a SOCKS proxy, which takes PySocks: pip install PySocks."
        raise LocationValueError(message) from None
    try:
        manager: PoolManager = socks.SocksManager(proxy, **options)
    except ValueError:
        message = f"{shown} is no SOCKS proxy: it looks like socks5h://host:port."
        raise LocationValueError(message) from None
    return manager


def _is_in_networks(host: str, listed: str) -> bool:
    """Tell whether an address is in one of NO_PROXY's networks, like 10.0.0.0/8, which the standard library skips."""
    try:
        address = ipaddress.ip_address(parse_url(f"//{host}").host.strip("[]"))  # type: ignore[union-attr]
    except ValueError:
        return False
    for entry in listed.split(","):
        try:
            if "/" in entry and address in ipaddress.ip_network(entry.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False
