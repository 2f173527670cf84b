"""What is worth asking for before anybody does: apps register it, `manage.py warm_cache` asks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # apps register before there are models
    from django.contrib.auth.models import AbstractBaseUser

    Asked = tuple[str, AbstractBaseUser | None]  # a path of the API with its query, and who asks

WARMERS: list[str] = []


def register(path: str) -> None:
    """Offer a dotted path of a function: given a number of users, it yields what to ask for the most active ones."""
    WARMERS.append(path)
