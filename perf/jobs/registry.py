"""The registry of what jobs do, by their kind.

Apps register their kinds in `AppConfig.ready()` by dotted paths, so that a server does not import what it does not run.
"""

from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string

KINDS: dict[str, str] = {}  # the path of the function that runs a job, by kind


def register(kind: str, path: str) -> None:
    """Register the dotted path of the function that runs the jobs of a kind.

    It takes a `perf.jobs.run.Run`, lets Interrupted pass, and raises Failed for what the owner of the job can mend.
    """
    KINDS[kind] = path


def function(kind: str) -> Callable[[Any], object]:
    """Return the function that runs the jobs of a kind. Raises KeyError and ImportError."""
    found: Callable[[Any], object] = import_string(KINDS[kind])
    return found
