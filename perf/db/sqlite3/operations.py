"""SQLite's operations with a conversion of times that checks less: a page of a list has a hundred of them."""

from datetime import datetime
from typing import Any

from django.db.backends.sqlite3 import operations


class DatabaseOperations(operations.DatabaseOperations):
    """Django's operations of SQLite; needs `USE_TZ`."""

    def convert_datetimefield_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Add the time zone to a time as it is stored; leave all else to Django."""
        if type(value) is datetime and value.tzinfo is None:
            return value.replace(tzinfo=self.connection.timezone)
        return super().convert_datetimefield_value(value, expression, connection)
