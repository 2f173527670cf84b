"""Which endpoints a token may use: groups that it can be limited to, and some that need a login whatever it says."""

from collections.abc import Collection
from typing import NamedTuple

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from llmselect_project.api.errors import EndpointNotAllowed, NotAllowedForTokens, ReadOnlyToken

API, GATEWAY = "api/v1/", "v1/"
# The group of a route by the first part of its path. A route that is in no group is for nobody's token.
PARTS = {
    "chat": "chat",
    "messages": "chat",
    "select": "chat",
    "selection": "chat",
    "compare": "compare",
    "comparisons": "compare",
    "leaderboard": "compare",
    "replays": "compare",
    "prompt-sets": "compare",
    "conversations": "conversations",
    "shares": "conversations",
    "export": "export",
    "imports": "conversations",
    "models": "models",
    "files": "files",
    "keys": "keys",
    "usage": "usage",
    "budgets": "usage",
    "admin": "admin",
}
GROUPS = tuple(dict.fromkeys([*PARTS.values(), "v1"]))
NAMED = {"admin"}  # only for tokens that name it, and whose user is staff
READ_ONLY = {"keys", "usage"}  # no token changes credentials, or the budgets that bound it
OWN = "api/v1/auth/me"  # any token may find out whose it is


class Rights(NamedTuple):
    """What a token may do: the groups, all but `NAMED` if None, and whether it may only read."""

    endpoints: Collection[str] | None
    read_only: bool

    def check(self, request: Request) -> None:
        """Raise NotAllowedForTokens, EndpointNotAllowed or ReadOnlyToken if the request is not allowed."""
        match, safe = request.resolver_match, request.method in SAFE_METHODS
        route = "" if match is None else match.route
        if route == OWN and safe:
            return
        group = group_of(route)
        if group is None or (group in READ_ONLY and not safe):
            raise NotAllowedForTokens
        if group in NAMED if self.endpoints is None else group not in self.endpoints:
            raise EndpointNotAllowed(group)
        if self.read_only and not safe:
            raise ReadOnlyToken


def group_of(route: str) -> str | None:
    """Return the group of a route like `api/v1/chat/stream`; None if it has none."""
    if route.startswith(GATEWAY):
        return "v1"
    return PARTS.get(route.removeprefix(API).partition("/")[0]) if route.startswith(API) else None
