"""The registry of requests that `manage.py warm_cache` makes before users do."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # apps register before there are models
    from django.contrib.auth.models import AbstractBaseUser

    WarmingRequest = tuple[str, AbstractBaseUser | None]  # a path of the API with its query string, and the user

WARMERS: list[str] = []


def register(path: str) -> None:
    """Register the dotted path of a function that takes a number of users and yields requests of the most active."""
    WARMERS.append(path)
