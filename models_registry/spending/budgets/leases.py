"""Keeps the reservations of this process from expiring while it lives, and settles those of processes that died."""

import logging
import threading
import time
import weakref
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone

from models_registry.models import Reservation, UsageEntry
from models_registry.spending.budgets.sums import change
from perf.db.connections import release
from perf.timing import recorder

if TYPE_CHECKING:
    from models_registry.spending.budgets.charging import Charge

logger = logging.getLogger("llmselect.budgets")

# After which a reservation expires, unless it is extended: a minute by a clock that is a minute ahead.
LEASE = timedelta(seconds=120)
INTERVAL = 15.0  # seconds between extensions


class Lost(NamedTuple):
    """How many reservations were settled, and the ids of those that are expired and not settled yet."""

    settled: int
    waiting: set[UUID]


_lock = threading.Lock()
# Weak: a call that nobody settles any more, since its answer could not be stored, is not extended for ever.
_held: "weakref.WeakSet[Charge]" = weakref.WeakSet()
_thread: threading.Thread | None = None


def hold(charge: "Charge") -> None:
    """Extend the reservation of a call from now on, until it is let go of or the process ends."""
    global _thread
    with _lock:
        _held.add(charge)
        # A command gets no thread: it may fork, and lives for a shorter time than the lease.
        if recorder.is_serving() and _thread is None:
            _thread = threading.Thread(target=_run, name="budget-leases", daemon=True)
            _thread.start()


def let_go(charge: "Charge") -> None:
    """Extend the reservation of a call no more."""
    with _lock:
        _held.discard(charge)


def extend() -> int:
    """Extend the reservations of this process; returns their number. Raises what the database raises."""
    with _lock:
        ids = [charge.id for charge in _held]
    if not ids:
        return 0
    try:
        return Reservation.objects.filter(pk__in=ids).update(expires_at=timezone.now() + LEASE)
    finally:
        release()


def settle_lost(seen: Collection[UUID] | None = None) -> Lost:
    """Settle expired reservations, each at its whole amount, since nobody knows what the call did cost.

    With `seen` only those of them that were seen expired before: after an outage of the database a living process needs
    a moment to extend its own. Raises what the database raises.
    """
    expired = list(Reservation.objects.filter(expires_at__lt=timezone.now()).order_by("expires_at"))
    doomed = [each for each in expired if seen is None or each.pk in seen]
    for each in doomed:
        _settle(each)
    if doomed:
        logger.warning("calls were lost with their process", extra={"calls": len(doomed)})
    return Lost(len(doomed), {each.pk for each in expired} - {each.pk for each in doomed})


def _settle(lost: Reservation) -> None:
    """Count a lost call as a failed one that cost all that it could."""
    now = timezone.now()
    with transaction.atomic():
        if not Reservation.objects.filter(pk=lost.pk, expires_at__lt=now).delete()[0]:
            return  # its process lives after all
        UsageEntry.objects.create(
            user_id=lost.user_id,
            token_id=lost.token_id,
            token_name=lost.token_name,
            day=now.date(),
            endpoint=lost.endpoint,
            provider=lost.provider,
            model=lost.model,
            requests=1,
            errors=1,
            cost=lost.amount,
        )
        for pk in lost.budget_ids:
            change(pk, at=now, spent=lost.amount, reserved=-lost.amount)


def _run() -> None:
    recorder.origin.set(recorder.FLUSH_ORIGIN)
    while True:
        time.sleep(INTERVAL)
        try:
            extend()
        except (DatabaseError, InterfaceError):
            logger.warning("reservations could not be extended", exc_info=True)
