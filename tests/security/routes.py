"""Every route of the project as the URL configuration has it, and examples of what fills its places."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, get_resolver


def all_routes(patterns=None, prefix="") -> Iterator[tuple[str, URLPattern]]:
    """Yield each route as text like `api/v1/chat` with its pattern."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern
        else:
            yield from all_routes(pattern.url_patterns, route)


def path_of(route: str, **values: object) -> str:
    """Fill in a route: `<uuid:pk>` by `values["pk"]`."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), route)
