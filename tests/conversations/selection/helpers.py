"""What tests of the choice share: votes of Ann's, and a chat with `auto`."""

from typing import Any

from django.contrib.auth.models import User

from tests.conversations.comparisons import comparison

CHAT, SELECT, SETTINGS = "/api/v1/chat", "/api/v1/select", "/api/v1/selection/settings"
CODE, PROSE = "Sort this list with a Python function.", "A toast for my sister's wedding."


def vote(user: User, winner: str, loser: str, times: int = 1, prompt: str = CODE) -> None:
    """Store so many votes for one model against another."""
    for _ in range(times):
        comparison(user, winner, loser, preferred_index=0, prompt=prompt)


def named(name: str) -> dict[str, Any]:
    provider, _, model = name.partition("/")
    return {"provider": provider, "model": model}
