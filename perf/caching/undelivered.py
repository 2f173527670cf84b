"""Invalidations that a worker cannot deliver to Redis: a table from which the other workers deliver them.

A worker that is cut off from Redis has just committed a change, so it can reach the database. Every worker polls the
table several times a second (`perf.caching.heartbeat`).
"""

import logging
import uuid
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import QuerySet

from perf.models import UndeliveredInvalidation
from perf.plans.declared_queries import DeclaredQuery

logger = logging.getLogger("perf.cache")

BATCH_SIZE = 500  # rows


def post(namespace: str, owner: str, *, release: bool = False) -> bool:
    """Post an invalidation for other workers; returns whether that worked. Without Redis there are no other workers.

    An owner has one row; every post gives it a new stamp. `release` closes the connection, as a background thread must.
    """
    if not settings.REDIS_URL:
        return True
    row = UndeliveredInvalidation(namespace=namespace, owner=owner, stamp=uuid.uuid4())
    try:
        UndeliveredInvalidation.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["namespace", "owner"], update_fields=["stamp"]
        )
    except (DatabaseError, InterfaceError) as error:
        logger.warning("an invalidation reaches neither Redis nor the database", extra={"error": repr(error)[:200]})
        return False
    finally:
        if release:
            connection.close()
    return True


def pending() -> QuerySet[UndeliveredInvalidation]:
    """Return one batch of the posted invalidations, the oldest first."""
    return UndeliveredInvalidation.objects.order_by("pk")[:BATCH_SIZE]


def deliver_pending(deliver: Callable[[str, str], None]) -> int:
    """Deliver one batch and delete its rows; returns its size. Raises what the database or `deliver` raises.

    A row that was posted again during the delivery has another stamp: it stays, and is delivered again.
    """
    rows = list(pending())
    for row in rows:
        deliver(row.namespace, row.owner)
        UndeliveredInvalidation.objects.filter(pk=row.pk, stamp=row.stamp).delete()
    return len(rows)


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the query with which every worker polls the table."""
    table = UndeliveredInvalidation._meta.db_table
    reason = {table: "it is read whole, in the order of its key, and holds only what could not be delivered"}
    yield DeclaredQuery("invalidations that others could not deliver", pending, reason)
