"""A paginator for large tables in the admin, which does not count all rows."""

from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator

COUNT_LIMIT = 10_000


class CappedCount(int):
    """A number of rows that is written as "10,000+" at the limit: there may be any number of rows beyond."""

    def __str__(self) -> str:
        return f"{int(self):,}{'+' if self >= COUNT_LIMIT else ''}"


def first_id(since: datetime) -> UUID:
    """Return the least UUIDv7 of a time: the first 48 bits are the time in milliseconds.

    The format is that of RFC 9562, section 5.7.
    """
    return UUID(int=int(since.timestamp() * 1000) << 80)


class CappedPaginator(Paginator[Any]):
    """Counts at most `COUNT_LIMIT` rows; people find the rows beyond by search and filters."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most `COUNT_LIMIT`."""
        rows = self.object_list
        return CappedCount(rows.order_by()[:COUNT_LIMIT].count() if hasattr(rows, "order_by") else len(rows))
