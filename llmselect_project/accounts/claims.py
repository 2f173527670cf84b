"""Checks of the claims of our tokens: a valid signature does not prove that every claim has the right form."""

from typing import Any, TypeVar
from uuid import UUID

from rest_framework_simplejwt.tokens import Token

from llmselect_project.api.errors import TokenNotValid

T = TypeVar("T", bound=Token)

LAST_USER_ID = 2**63 - 1  # the column's
TIMES = ("exp", "iat", "nbf")


def verified(kind: type[T], raw: str) -> T:
    """Return the decoded token, after checks of its signature, kind, expiry and claims. Raises TokenNotValid.

    Its `user_id` is a positive 64-bit number and its `sid` a UUID, both as canonical text.
    """
    try:
        token = kind(raw)  # type: ignore[arg-type]  # its annotation is wrong
        well_formed = _are_well_formed(token.payload)
    except Exception as error:  # the library raises many errors on malformed times
        raise TokenNotValid from error
    if not well_formed:
        raise TokenNotValid
    return token


def token_id(token: Token) -> UUID:
    """Return the id of a refresh token. Raises TokenNotValid if it is no UUID."""
    try:
        return UUID(token["jti"])
    except ValueError as error:  # the library has checked that it is a string
        raise TokenNotValid from error


def _are_well_formed(claims: dict[str, Any]) -> bool:
    user_id, session_id = claims["user_id"], claims["sid"]
    return (
        all(type(claims[name]) is int and claims[name] >= 0 for name in TIMES if name in claims)
        and isinstance(user_id, str)
        and user_id == str(int(user_id))
        and 0 < int(user_id) <= LAST_USER_ID
        and isinstance(session_id, str)
        and session_id == str(UUID(session_id))
    )
