"""Django's SQLite backend with files that only their owner may read."""

from typing import Any

from django.conf import settings
from django.db.backends.sqlite3 import base

from perf.db.sqlite3.files import make_private
from perf.db.sqlite3.operations import DatabaseOperations
from perf.timing.recorder import is_serving


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's SQLite wrapper with private files."""

    ops_class = DatabaseOperations

    def get_connection_params(self) -> dict[str, Any]:
        """Bound the wait for another writer by DB_LOCK_TIMEOUT in a process that serves requests."""
        params: dict[str, Any] = super().get_connection_params()
        if is_serving() and settings.DB_LOCK_TIMEOUT:
            params["timeout"] = min(settings.DB_LOCK_TIMEOUT, params.get("timeout", settings.DB_LOCK_TIMEOUT))
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Make the file private, then connect."""
        make_private(str(conn_params["database"]))
        return super().get_new_connection(conn_params)
