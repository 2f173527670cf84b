"""A database of its own for measurements in this process, thrown away afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection


@contextmanager
def scratch_database() -> Iterator[None]:
    """Create and migrate an empty database beside the configured one, and use it until the end of the block."""
    configured = connection.settings_dict["NAME"]
    with tempfile.TemporaryDirectory(prefix="llmselect-") as folder:
        is_file = connection.vendor == "sqlite"
        name = str(Path(folder) / "scratch.sqlite3") if is_file else f"{configured}_benchmark"
        connection.settings_dict["TEST"]["NAME"] = name
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(configured, verbosity=0)
