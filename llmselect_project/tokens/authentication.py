"""Authentication by API token: `Authorization: Bearer llms_…`, which the gateway also reads from `x-api-key`."""

import math
import time
from functools import partial
from uuid import UUID

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from llmselect_project.accounts.authentication import WWW_AUTHENTICATE, accept, prefetch, presented
from llmselect_project.api.errors import TokenNotValid
from llmselect_project.tokens.last_use import uses
from llmselect_project.tokens.secret import PREFIX, SHOWN, digest_of, is_genuine
from llmselect_project.tokens.state import load_state
from perf.api.access import Access
from perf.api.addresses import client_network
from perf.serving import audit


class ApiTokenAuthentication(BaseAuthentication):
    """Checks that a token is genuine and in force, that its user is active, and that it may do this.

    Raises TokenNotValid, NotAllowedForTokens, EndpointNotAllowed and ReadOnlyToken. Views find the limits that remain
    by `perf.api.access.access_of`.
    """

    def authenticate(self, request: Request) -> tuple[User, Access] | None:
        """Return the user and the token's access; None if the request has no API token."""
        token = presented(request)
        if token is None or not token.startswith(PREFIX):
            return None
        if not is_genuine(token):
            raise _refused(request, token, "malformed")
        state = load_state(digest_of(token), partial(prefetch, request))
        if state is None:
            raise _refused(request, token, "unknown")
        if reason := state.refusal(time.time()):
            raise _refused(request, token, reason, state.token_id)
        uses.note(state.token_id)
        try:
            state.rights.check(request)
        except PermissionDenied as error:
            audit.refuse_token(error.get_codes(), token_id=state.token_id, user_id=state.user.pk)
            raise
        accept(request, until=math.inf if state.expires_at is None else state.expires_at)
        return state.user, state.access

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return the WWW-Authenticate header, without which REST framework answers 403 instead of 401."""
        return WWW_AUTHENTICATE


def _refused(request: Request, token: str, reason: str, token_id: UUID | None = None) -> TokenNotValid:
    """Log a refusal, with as much of the token as its owner may show; returns the error."""
    audit.refuse_token(reason, prefix=token[:SHOWN], token_id=token_id, address=client_network(request))
    return TokenNotValid()
