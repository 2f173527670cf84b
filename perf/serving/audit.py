"""The audit log: who gave, changed and took away access, and who was refused."""

import logging
import threading
import time

logger = logging.getLogger("audit")

INTERVAL = 60.0  # seconds between lines about refusals of one kind
MAX_KINDS = 10_000  # kinds remembered

_lock = threading.Lock()
_refusals: dict[tuple[object, ...], tuple[float, int]] = {}  # by kind: logged at, suppressed since


def record(event: str, **fields: object) -> None:
    """Log a change of access. `fields` must hold no secret."""
    logger.info(event, extra=fields)


def refuse_token(reason: object, **fields: object) -> None:
    """Log that a token was refused, in each worker once a minute for the same reason and fields.

    The next line has the number `suppressed` since. A client that was refused goes on asking, and must not fill the
    disk. `fields` must hold no secret.
    """
    kind, now = (reason, *sorted(fields.items())), time.monotonic()
    with _lock:
        if len(_refusals) > MAX_KINDS:
            _refusals.clear()
        logged_at, suppressed = _refusals.get(kind, (float("-inf"), 0))
        if now - logged_at < INTERVAL:
            _refusals[kind] = logged_at, suppressed + 1
            return
        _refusals[kind] = now, 0
    more = {"suppressed": suppressed} if suppressed else {}
    logger.warning("token refused", extra={"reason": reason, **fields, **more})
