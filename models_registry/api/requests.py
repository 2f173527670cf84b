"""Who asks."""

from typing import cast

from django.contrib.auth.models import User
from rest_framework.request import Request


def current_user(request: Request) -> User:
    """Return the user of a request that authentication let through."""
    return cast(User, request.user)
