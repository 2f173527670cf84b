"""The database backend: Django's own, with files that only their owner reads."""

from typing import Any

from django.conf import settings
from django.db.backends.sqlite3 import base

from perf.db.sqlite3.files import make_private
from perf.timing.recorder import is_serving


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's SQLite, whose files are nobody else's business."""

    def get_connection_params(self) -> dict[str, Any]:
        """Wait for another writer no longer than requests may, in a process that serves them."""
        params: dict[str, Any] = super().get_connection_params()
        if is_serving() and settings.DB_LOCK_TIMEOUT:
            params["timeout"] = min(settings.DB_LOCK_TIMEOUT, params.get("timeout", settings.DB_LOCK_TIMEOUT))
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, having seen to the file first."""
        make_private(str(conn_params["database"]))
        return super().get_new_connection(conn_params)
