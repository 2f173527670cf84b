"""`Idempotency-Key`: a POST that is sent again gets the answer it was given, and calls no provider a second time."""

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ParseError

from conversations.history.queries import repeatable_request
from conversations.models import RepeatableRequest

KEPT = timedelta(hours=24)
# Seconds, beyond what a provider may be silent: more than almost all calls take. Who takes longer counts as dead.
CLAIM_LASTS, CLAIM_MARGIN = 650, 45


class KeyReused(APIException):
    """The key came with another body before."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used with another body."


class InProgress(APIException):
    """A request with the key is being answered."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "in_progress"
    default_detail = "A request with this Idempotency-Key is being answered; try again in a moment."
    wait = 1


class AnswerDeleted(NotFound):
    """What the key stored was deleted; the key stays spent, since trying anew would pay anew."""

    default_detail = "What the request with this Idempotency-Key stored was deleted; use another key to ask again."


class Attempt:
    """One of possibly many attempts at one POST of a user.

    `earlier` is what was stored of it before, None at the first attempt. An attempt is begun by `take` in the
    transaction that stores what was asked, and ended by `settle` in the one that stores what came of it; so neither is
    ever stored without the other, whenever the process dies.
    """

    def __init__(self, *, user_id: int, operation: str, key: str, body: Any) -> None:
        """Look the key up. Raises KeyReused, AnswerDeleted, InProgress."""
        self.user_id, self.operation, self.key = user_id, operation, key
        self.digest = digest(body)
        self.earlier = _earlier(user_id, operation, key)
        self._id = uuid4()
        if self.earlier is None:
            return
        if self.earlier.digest != self.digest:
            raise KeyReused
        if self.earlier.deleted:
            raise AnswerDeleted
        if not self.answered and _is_alive(self.earlier):
            raise InProgress

    @property
    def answered(self) -> bool:
        """Whether an earlier attempt was answered, so that there is nothing left to do."""
        return self.earlier is not None and self.earlier.answered

    def take(self, **stored: Any) -> None:
        """Claim the key, at the first attempt with what was `stored`.

        Raises InProgress when another attempt was faster, or what was stored was deleted since.
        """
        claim = {"attempt": self._id, "claimed_at": timezone.now()}
        if self.earlier is not None:
            names = ("pk", "attempt", "answered", "conversation_id", "comparison_id")
            as_it_was = {name: getattr(self.earlier, name) for name in names}
            if not RepeatableRequest.objects.filter(**as_it_was).update(**claim):
                raise InProgress
            return
        named = {"user_id": self.user_id, "operation": self.operation, "key": self.key, "digest": self.digest}
        try:
            RepeatableRequest.objects.create(**named, **claim, **stored)
        except IntegrityError as error:
            raise InProgress from error

    def settle(self, *, answered: bool, answer_id: UUID | None = None) -> None:
        """Keep the answer for repetitions, or leave the key to the next attempt; nothing if another took over."""
        own = RepeatableRequest.objects.filter(
            user_id=self.user_id, operation=self.operation, key=self.key, attempt=self._id
        )
        own.update(answered=answered, answer_id=answer_id, claimed_at=None)


def digest(body: Any) -> str:
    """Hash a body, the same however its JSON was written."""
    try:
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise ParseError("The body is nested too deeply.") from error
    return hashlib.sha256(canonical.encode()).hexdigest()


def prune_requests() -> int:
    """Delete what is no longer repeated; returns how many rows went."""
    deleted, _by_model = RepeatableRequest.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted


def _earlier(user_id: int, operation: str, key: str) -> RepeatableRequest | None:
    row = repeatable_request(user_id, operation, key).first()
    if row is not None and row.created_at < timezone.now() - KEPT:
        row.delete()
        return None
    return row


def _is_alive(row: RepeatableRequest) -> bool:
    if row.claimed_at is None:
        return False
    silence = settings.PROVIDER_CONNECT_TIMEOUT + settings.PROVIDER_READ_TIMEOUT
    longest = max(CLAIM_LASTS, silence + CLAIM_MARGIN)
    return timezone.now() - row.claimed_at < timedelta(seconds=longest)
