"""Invalidations that a worker cannot deliver to Redis, left in the database for the workers that can.

A worker that is cut off alone has just committed a change, so the database is there. Each worker looks into the table
several times a second (`perf.caching.heartbeat`) and delivers what it finds.
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

AT_ONCE = 500  # rows


def post(namespace: str, owner: str, *, release: bool = False) -> bool:
    """Leave an invalidation for others; tells whether that worked. Without Redis there is nobody to leave it for.

    Of an owner there is one row, and a new stamp in it whenever it is posted anew. `release` gives the connection
    back, as a thread must that serves no request.
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


def waiting() -> QuerySet[UndeliveredInvalidation]:
    """Give what is to be delivered, so much at a time."""
    return UndeliveredInvalidation.objects.order_by("pk")[:AT_ONCE]


def deliver_waiting(deliver: Callable[[str, str], None]) -> int:
    """Deliver what others left; returns how much. Raises what the database or `deliver` raises.

    A row goes when it was delivered as it was read: what was posted again meanwhile is delivered again.
    """
    rows = list(waiting())
    for row in rows:
        deliver(row.namespace, row.owner)
        UndeliveredInvalidation.objects.filter(pk=row.pk, stamp=row.stamp).delete()
    return len(rows)


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare what every worker asks several times a second."""
    table = UndeliveredInvalidation._meta.db_table
    reason = {table: "it is read whole, in the order of its key, and holds only what could not be delivered"}
    yield DeclaredQuery("invalidations that others could not deliver", waiting, reason)
