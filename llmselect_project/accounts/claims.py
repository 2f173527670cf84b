"""What our tokens claim: a signature says that we signed it, not that every claim is of a kind that we ever sign."""

from typing import Any, TypeVar
from uuid import UUID

from rest_framework_simplejwt.tokens import Token

from llmselect_project.api.errors import TokenNotValid

T = TypeVar("T", bound=Token)

LAST_USER_ID = 2**63 - 1  # the column's
TIMES = ("exp", "iat", "nbf")


def verified(kind: type[T], raw: str) -> T:
    """Return the token that a text is, its signature, kind, expiry and claims checked; raises TokenNotValid.

    Afterwards `user_id` is the text of a positive 64-bit number, `sid` that of a UUID, each written as we write it.
    """
    try:
        token = kind(raw)  # type: ignore[arg-type]  # its annotation is wrong
        ours = _are_ours(token.payload)
    except Exception as error:  # the library checks the signature first, but raises much else on times that are none
        raise TokenNotValid from error
    if not ours:
        raise TokenNotValid
    return token


def token_id(token: Token) -> UUID:
    """Return the id of a refresh token; raises TokenNotValid when it is none that we give out."""
    try:
        return UUID(token["jti"])
    except ValueError as error:  # the library has checked that it is there, and text
        raise TokenNotValid from error


def _are_ours(claims: dict[str, Any]) -> bool:
    user_id, session_id = claims["user_id"], claims["sid"]
    return (
        all(type(claims[name]) is int and claims[name] >= 0 for name in TIMES if name in claims)
        and isinstance(user_id, str)
        and user_id == str(int(user_id))
        and 0 < int(user_id) <= LAST_USER_ID
        and isinstance(session_id, str)
        and session_id == str(UUID(session_id))
    )
