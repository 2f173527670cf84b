"""The user of a request."""

from typing import cast

from django.contrib.auth.models import User
from rest_framework.request import Request


def current_user(request: Request) -> User:
    """Return the user of an authenticated request."""
    return cast(User, request.user)
