"""A paginator for the admin's large tables that never counts a whole one."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator

COUNT_LIMIT = 10_000


class CappedPaginator(Paginator[Any]):
    """Counts at most `COUNT_LIMIT` rows; what lies beyond is found by searching and filtering."""

    @cached_property
    def count(self) -> int:
        """Count, but no further than the limit."""
        rows = self.object_list
        return rows.order_by()[:COUNT_LIMIT].count() if hasattr(rows, "order_by") else len(rows)
