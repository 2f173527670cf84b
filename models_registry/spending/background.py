"""What the server does about usage and budgets in the background: entries are rolled up, lost calls settled."""

import logging
import threading
from collections.abc import Callable
from uuid import UUID

from django.conf import settings

from models_registry.spending.budgets.leases import settle_lost
from models_registry.spending.usage.rolling import roll_up
from perf.db.connections import unpooled
from perf.timing import recorder

logger = logging.getLogger("llmselect.usage")


def start(take_over: Callable[[], object]) -> None:
    """Work in a thread from now on, until the process ends; `take_over` counts what an earlier version wrote."""
    threading.Thread(target=_run, args=(take_over,), name="usage", daemon=True).start()


def _run(take_over: Callable[[], object]) -> None:
    recorder.origin.set(recorder.FLUSH_ORIGIN)
    pause, seen = threading.Event(), set[UUID]()
    while not pause.wait(settings.ROLL_UP_INTERVAL):
        try:
            with unpooled():
                seen = settle_lost(seen).waiting
                roll_up()
                take_over()
        except Exception:  # the server must go on; the next attempt is soon
            logger.exception("usage could not be rolled up")
            seen = set()
