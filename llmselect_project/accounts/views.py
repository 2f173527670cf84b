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

from llmselect_project.accounts import examples, serializers, sessions
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

    @extend_schema(
        request=serializers.Registration,
        responses={201: serializers.Account},
        examples=examples.REGISTER,
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        """Create an account.

        For people who want to use the API. Where registration is closed, which it is by default, this is 403; where the
        operator set a registration token, it must be sent too. Names are unique whatever their case.

        The account begins without a session: log in next.
        """
        if not (settings.ALLOW_OPEN_REGISTRATION or settings.REGISTRATION_TOKEN):
            raise RegistrationClosed
        token = request.data.get("registration_token") if isinstance(request.data, dict) else None
        if not _may_register(token):
            raise RegistrationClosed("The registration token is missing or wrong.")
        data = valid(serializers.Registration, request.data)
        try:
            user = User.objects.create_user(data["username"], password=data["password"])
        except IntegrityError as error:  # the name was taken since it was checked
            raise ValidationError({"username": "A user with that username already exists."}) from error
        return Response({"id": user.pk, "username": user.username}, status=status.HTTP_201_CREATED)


class LoginView(CredentialsView):
    """POST /auth/login."""

    password_methods = ("POST",)

    @extend_schema(
        request=serializers.Credentials, responses=serializers.Tokens, examples=examples.LOG_IN, tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        """Log in.

        Begins a session and gives two tokens: send `access` as `Authorization: Bearer …` with every request for the
        next 15 minutes, and keep `refresh` for 14 days to get the next pair. A wrong name, a wrong password and a
        deactivated account are answered alike.
        """
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

    @extend_schema(
        request=serializers.Refresh, responses=serializers.Tokens, examples=examples.NEW_TOKENS, tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        """Get new tokens.

        Trades a refresh token for a new pair before or after the access token has expired. Each refresh token is good
        for one use: keep the new one. Used again later than 10 seconds after, it ends the session, since somebody else
        may have it.
        """
        data = valid(serializers.Refresh, request.data)
        return Response(asdict(sessions.refresh_session(refresh=data["refresh"])))


class LogoutView(CredentialsView):
    """POST /auth/logout."""

    @extend_schema(request=serializers.Refresh, responses={204: None}, examples=examples.LOG_OUT, tags=["auth"])
    def post(self, request: Request) -> Response:
        """Log out.

        Ends the session that the refresh token belongs to, on this device alone. Its access tokens stop working at
        once.
        """
        data = valid(serializers.Refresh, request.data)
        sessions.end_session(refresh=data["refresh"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordView(UncachedView):
    """POST /auth/password."""

    password_methods = ("POST",)

    @extend_schema(
        request=serializers.PasswordChange, responses={204: None}, examples=examples.CHANGE_PASSWORD, tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        """Change your password.

        Ends all your other sessions, on every device; the one that changes the password goes on.
        """
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

    @extend_schema(responses=serializers.Me, examples=examples.ME, tags=["auth"])
    def get(self, request: Request) -> Response:
        """Show your account.

        Tells who you are logged in as, and whether you are staff. A cheap way to find out whether an access token still
        works.
        """
        return Response(serializers.Me(request.user).data)

    @extend_schema(
        request=serializers.AccountDeletion, responses={204: None}, examples=examples.DELETE_ACCOUNT, tags=["auth"]
    )
    def delete(self, request: Request) -> Response:
        """Delete your account.

        Deletes the account and all it owns, for good: conversations, comparisons, votes and keys. Asks for the password
        again, because nothing brings it back.
        """
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
