"""Endpoints for registration, login and logout, and the user's own account."""

import hmac
from dataclasses import asdict
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import authenticate, logout, update_session_auth_hash
from django.contrib.auth.models import User
from django.db import IntegrityError
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from llmselect_project.accounts import serializers, sessions
from llmselect_project.accounts.authentication import WWW_AUTHENTICATE, session_id
from llmselect_project.api.errors import RegistrationClosed
from perf.api.base import PublicView, UncachedView
from perf.api.validation import valid

WRONG = "Wrong username or password."


class CredentialsView(PublicView):
    """A public view that checks a password or a refresh token."""

    def get_authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return the header that makes a wrong password a 401; the view has no authentication class that would."""
        return WWW_AUTHENTICATE


class RegisterView(CredentialsView):
    """POST /auth/register."""

    throttle_scope = "registration"

    @extend_schema(request=serializers.Registration, responses={201: serializers.Account}, tags=["auth"])
    def post(self, request: Request) -> Response:
        """Create an account, where the registration policy allows it."""
        if not (settings.ALLOW_OPEN_REGISTRATION or settings.REGISTRATION_TOKEN):
            raise RegistrationClosed
        token = request.data.get("registration_token") if isinstance(request.data, dict) else None
        if not _may_register(token):
            raise RegistrationClosed
        data = valid(serializers.Registration, request.data)
        try:
            user = User.objects.create_user(data["username"], password=data["password"])
        except IntegrityError as error:  # the name was taken since it was checked
            raise ValidationError({"username": "A user with that username already exists."}) from error
        return Response({"id": user.pk, "username": user.username}, status=status.HTTP_201_CREATED)


class LoginView(CredentialsView):
    """POST /auth/login."""

    password_methods = ("POST",)

    @extend_schema(request=serializers.Credentials, responses=serializers.Tokens, tags=["auth"])
    def post(self, request: Request) -> Response:
        """Begin a session. A wrong name, a wrong password and a deactivated account look alike."""
        data = valid(serializers.Credentials, request.data)
        user = authenticate(request, username=data["username"], password=data["password"])
        if user is None:
            raise AuthenticationFailed(WRONG)
        try:
            return Response(asdict(sessions.start_session(user=user)))
        except IntegrityError as error:  # deleted since the password was checked
            raise AuthenticationFailed(WRONG) from error


class RefreshView(CredentialsView):
    """POST /auth/refresh."""

    @extend_schema(request=serializers.Refresh, responses=serializers.Tokens, tags=["auth"])
    def post(self, request: Request) -> Response:
        """Trade a refresh token for a new pair; each is good for one use."""
        data = valid(serializers.Refresh, request.data)
        return Response(asdict(sessions.refresh_session(refresh=data["refresh"])))


class LogoutView(CredentialsView):
    """POST /auth/logout."""

    @extend_schema(request=serializers.Refresh, responses={204: None}, tags=["auth"])
    def post(self, request: Request) -> Response:
        """End the session of a refresh token, and its access tokens."""
        data = valid(serializers.Refresh, request.data)
        sessions.end_session(refresh=data["refresh"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordView(UncachedView):
    """POST /auth/password."""

    password_methods = ("POST",)

    @extend_schema(request=serializers.PasswordChange, responses={204: None}, tags=["auth"])
    def post(self, request: Request) -> Response:
        """Change one's password, ending all sessions but this one."""
        data = valid(serializers.PasswordChange, request.data)
        user = _with_password(request, data["current_password"], field="current_password")
        serializers.check_password_strength(data["new_password"], user, field="new_password")
        sessions.change_password(user=user, password=data["new_password"], keep=session_id(request))
        if request.auth is None:  # a browser's session
            update_session_auth_hash(request._request, user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(UncachedView):
    """GET and DELETE /auth/me."""

    password_methods = ("DELETE",)
    deletion = serializers.AccountDeletion  # the body, which the schema's library leaves out for DELETE

    @extend_schema(responses=serializers.Me, tags=["auth"])
    def get(self, request: Request) -> Response:
        """Show one's own account."""
        return Response(serializers.Me(request.user).data)

    @extend_schema(request=serializers.AccountDeletion, responses={204: None}, tags=["auth"])
    def delete(self, request: Request) -> Response:
        """Delete one's account and all it owns."""
        data = valid(serializers.AccountDeletion, request.data)
        sessions.delete_account(user=_with_password(request, data["password"], field="password"))
        if request.auth is None:
            logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _may_register(token: Any) -> bool:
    if settings.ALLOW_OPEN_REGISTRATION:
        return True
    if not (settings.REGISTRATION_TOKEN and isinstance(token, str)):
        return False
    # surrogatepass: a token with lone surrogates must be refused, not raise
    return hmac.compare_digest(token.encode(errors="surrogatepass"), settings.REGISTRATION_TOKEN.encode())


def _with_password(request: Request, password: str, *, field: str) -> User:
    """Return the user of a request with all fields, after checking the password.

    Raises ValidationError of `field` if the password is wrong, and TooManyGuesses.
    """
    own = User.objects.only("username").get(pk=cast(User, request.user).pk)
    user = authenticate(request, username=own.username, password=password)
    if user is None or user.pk != own.pk:
        raise ValidationError({field: "This is not your password."})
    return user
