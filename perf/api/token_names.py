"""Where the names of users' tokens are looked up: the app that has tokens registers a function for it."""

from collections.abc import Callable
from uuid import UUID

# Takes the ids of a user and a token; returns the token's name, None when the user has no such token.
Finder = Callable[[int, UUID], str | None]

FINDERS: list[Finder] = []


def register(finder: Finder) -> None:
    """Look tokens up by this function; call it in `AppConfig.ready()`."""
    FINDERS.append(finder)


def name_of(user_id: int, token_id: UUID) -> str | None:
    """Return the name of a user's token; None when the user has no such token."""
    return next((name for finder in FINDERS if (name := finder(user_id, token_id)) is not None), None)
