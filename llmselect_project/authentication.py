"""Authentication by access token: `Authorization: Bearer <JWT>`."""

import uuid

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from llmselect_project.errors import TokenNotValid
from llmselect_project.user_state import load_user

WWW_AUTHENTICATE = 'Bearer realm="api"'


class SessionTokenAuthentication(BaseAuthentication):
    """Checks the token's signature and expiry, and that its session and user still live. Raises TokenNotValid."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        """Return the user and the token; None when there is no Bearer token, for the next way to log in."""
        scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            token = AccessToken(raw.strip())
            user = load_user(user_id=str(int(token["user_id"])), session_id=str(uuid.UUID(token["sid"])))
        except (TokenError, KeyError, ValueError) as error:
            raise TokenNotValid from error
        if user is None:
            raise TokenNotValid
        return user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Say how to log in; without it REST framework would answer 403 instead of 401."""
        return WWW_AUTHENTICATE


def session_id(request: Request) -> uuid.UUID | None:
    """Return the id of the login session a request came with; None for a browser's Django session."""
    return uuid.UUID(request.auth["sid"]) if isinstance(request.auth, AccessToken) else None
