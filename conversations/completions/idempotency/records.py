"""Idempotency records: a POST repeated under its `Idempotency-Key` gets the stored answer and calls no provider."""

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ParseError

from conversations.history.queries import repeatable_request
from conversations.models import RepeatableRequest

KEPT = timedelta(hours=24)
AGAIN = "retry"  # the operation whose keys are the questions that are answered again, or whose answers are continued
# Seconds for which a claim lasts at least, and those it lasts beyond what a provider may be silent.
CLAIM_LASTS, CLAIM_MARGIN = 650, 45


class KeyReused(APIException):
    """An earlier request with this key had another body."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used with another body."


class InProgress(APIException):
    """Another request with this key is being answered."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "in_progress"
    default_detail = "A request with this Idempotency-Key is being answered; try again in a moment."
    wait = 1


class AnswerDeleted(NotFound):
    """The answer was deleted. The key stays in use, since a new call would cost money again."""

    default_detail = "What the request with this Idempotency-Key stored was deleted; use another key to ask again."


class Attempt:
    """One attempt at a POST that may be repeated.

    `record` is the idempotency record of earlier attempts, None at the first one. The transaction that stores the
    question also calls `claim`; the one that stores the answer also calls `complete` or `release`. A process that dies
    in between leaves a claim that expires.
    """

    def __init__(self, *, user_id: int, operation: str, key: str, body: Any) -> None:
        """Look the key up. Raises KeyReused, AnswerDeleted, InProgress, and ParseError for a body nested too deeply."""
        self._names = {"user_id": user_id, "operation": operation, "key": key}
        self.digest = digest(body)
        self.record = _record(user_id, operation, key)
        self._id = uuid4()
        if self.record is None:
            return
        if self.record.digest != self.digest:
            raise KeyReused
        if self.record.deleted:
            raise AnswerDeleted
        if not self.answered and _is_claimed(self.record):
            raise InProgress

    @property
    def answered(self) -> bool:
        """Whether an earlier attempt stored the answer, which only needs to be replayed."""
        return self.record is not None and self.record.answered

    def claim(self, **stored: Any) -> None:
        """Claim the key; the first attempt also records the rows that it `stored`.

        Raises InProgress when another attempt claimed the key first, or the stored rows were deleted meanwhile.
        """
        claim = {"attempt": self._id, "claimed_at": timezone.now()}
        if self.record is not None:
            names = ("pk", "attempt", "answered", "conversation_id", "comparison_id")
            unchanged = {name: getattr(self.record, name) for name in names}
            if not RepeatableRequest.objects.filter(**unchanged).update(**claim):
                raise InProgress
            return
        try:
            RepeatableRequest.objects.create(**self._names, digest=self.digest, **claim, **stored)
        except IntegrityError as error:
            raise InProgress from error

    def complete(self, answer_id: UUID | None = None) -> None:
        """Record that the answer is stored, unless another attempt has claimed the key."""
        self._own().update(answered=True, answer_id=answer_id, claimed_at=None)

    def release(self) -> None:
        """Leave the key to the next attempt, unless another attempt has claimed it."""
        self._own().update(answered=False, answer_id=None, claimed_at=None)

    def _own(self) -> QuerySet[RepeatableRequest]:
        return RepeatableRequest.objects.filter(**self._names, attempt=self._id)


def digest(body: Any) -> str:
    """Return the SHA-256 of a body's canonical JSON. Raises ParseError for a body nested too deeply."""
    try:
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise ParseError("The body is nested too deeply.") from error
    return hashlib.sha256(canonical.encode()).hexdigest()


def prune_requests() -> int:
    """Delete the expired records; returns how many."""
    deleted, _by_model = RepeatableRequest.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted


def _record(user_id: int, operation: str, key: str) -> RepeatableRequest | None:
    row = repeatable_request(user_id, operation, key).first()
    if row is not None and row.created_at < timezone.now() - KEPT:
        row.delete()
        return None
    return row


def _is_claimed(row: RepeatableRequest) -> bool:
    if row.claimed_at is None:
        return False
    silence = settings.PROVIDER_CONNECT_TIMEOUT + settings.PROVIDER_READ_TIMEOUT
    longest = max(CLAIM_LASTS, silence + CLAIM_MARGIN)
    return timezone.now() - row.claimed_at < timedelta(seconds=longest)
