"""Flushes this worker's new figures to the shared store, in a thread, so that no request waits for the store."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import util

from django.conf import settings

from perf.db.connections import release
from perf.timing import recorder
from perf.timing.deltas import Delta
from perf.timing.stores import HOUR, MINUTE, TOTALS, BlockKey, shorten_busy_timeout, store
from perf.timing.totals import Totals

MAX_PENDING = 10  # deltas, one a minute, kept while the store fails; later figures stay in the recorder

# What apps write in the background, with each flush; a function that raises is called again with the next one.
BACKGROUND: list[Callable[[], object]] = []

_flush_lock = threading.Lock()


@dataclass(slots=True)
class _Pending:
    """An encoded delta that is not stored yet.

    A block holds the number of its last delta, so a delta is not added twice if the store's reply was lost.
    """

    number: int
    minute: int
    data: bytes


class Worker:
    """The state of this process: its name in the store, and its pending deltas.

    `clock` returns the time as a timestamp.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.pending: list[_Pending] = []
        self.number = 0  # of the last delta
        self.pruned_at = 0.0  # monotonic seconds
        self.gauges: dict[str, float] = {}  # at the last delta
        self.started = False


worker = Worker()


def start() -> None:
    """Flush from now on: every `TIMING_INTERVAL` seconds in a server, and at the end of any process.

    A command gets no thread: it may fork, and a fork does not copy threads.
    """
    if worker.started or not settings.TIMING_INTERVAL:
        return
    worker.started = True
    if recorder.is_serving():
        threading.Thread(target=_run, args=(worker,), name="timing-flush", daemon=True).start()
    # Unlike `atexit`, this also runs in the forked workers of a server.
    util.Finalize(None, flush, kwargs={"silent": not recorder.is_serving()}, exitpriority=10)


def _run(own: Worker) -> None:
    recorder.origin.set(recorder.FLUSH_ORIGIN)
    while True:
        time.sleep(settings.TIMING_INTERVAL)
        try:
            gauges = recorder.read_gauges()
            if recorder.changed() or own.pending or gauges != own.gauges or any(gauges.values()):
                shorten_busy_timeout()
                flush()
        except Exception as error:
            recorder.log_failure("figures cannot be flushed", error)


def flush(*, silent: bool = False) -> bool:
    """Store all figures of this process, and once an hour delete expired ones. Never raises.

    Returns whether all are stored; the next flush retries the others. `silent` does not log a failure. First it calls
    what `BACKGROUND` lists.
    """
    token = recorder.origin.set(recorder.FLUSH_ORIGIN)
    try:
        with _flush_lock:
            _drain_recorder()
            try:
                _write_others(silent=silent)
                while worker.pending:
                    _store(worker.pending[0])
                    del worker.pending[0]
                if time.monotonic() - worker.pruned_at > HOUR:
                    worker.pruned_at = time.monotonic()
                    prune()
            finally:
                release()
    except Exception as error:  # every backend has its own
        if not silent:
            recorder.log_failure("figures cannot be stored; keeping them", error)
        return False
    else:
        return True
    finally:
        recorder.origin.reset(token)


def _write_others(*, silent: bool) -> None:
    for write in BACKGROUND:
        try:
            write()
        except Exception as error:
            if not silent:
                recorder.log_failure("background writes fail; they are tried again", error)


def _drain_recorder() -> None:
    """Move the recorder's figures to the pending deltas.

    While the store fails, each minute gets one delta, up to `MAX_PENDING`; other figures stay in the recorder.
    """
    minute = current_minute()
    if worker.pending and (worker.pending[-1].minute == minute or len(worker.pending) >= MAX_PENDING):
        return
    worker.number += 1
    worker.gauges = recorder.read_gauges()
    delta = recorder.drain()
    delta.applied = worker.number
    delta.gauges = {**worker.gauges, "at": time.time()}
    worker.pending.append(_Pending(worker.number, minute, delta.encode()))


def _store(pending: _Pending) -> None:
    """Add a delta to this worker's blocks of its minute and its hour and to its totals, unless they contain it."""
    shared = store()
    keys: list[BlockKey] = [(MINUTE, pending.minute), (HOUR, pending.minute - pending.minute % HOUR)]
    stored = shared.read_own(worker.name, [*keys, TOTALS])
    changed: dict[BlockKey, bytes] = {}
    for key in keys:
        block = Delta.decode(stored.pop(key)) if key in stored else Delta()
        if block.applied < pending.number:
            delta = Delta.decode(pending.data)
            block.add(delta)
            block.applied, block.gauges = delta.applied, delta.gauges
            del delta  # the block holds its data; encoding needs the memory
            changed[key] = block.encode()
        del block
    totals = Totals.decode(stored.pop(TOTALS)) if TOTALS in stored else Totals()
    if totals.applied < pending.number:
        totals.add_delta(Delta.decode(pending.data))
        totals.applied, totals.at = pending.number, time.time()
        changed[TOTALS] = totals.encode()
    if changed:
        shared.write(worker.name, changed)


def prune() -> int:
    """Delete expired blocks, and merge the totals of exited workers; returns the number of deleted blocks.

    Raises what the store raises.
    """
    store().compact_totals()
    return store().prune()


@contextmanager
def unflushed() -> Iterator[list[tuple[int, Delta]]]:
    """Yield the figures that are not stored, as (start of the minute, delta); no flush runs inside the block."""
    with _flush_lock:
        pending = [(kept.minute, Delta.decode(kept.data)) for kept in worker.pending]
        yield [*pending, (current_minute(), recorder.snapshot())]


def current_minute() -> int:
    """Return the start of this minute as a timestamp."""
    return int(worker.clock()) // MINUTE * MINUTE


def _reset_after_fork() -> None:
    global worker, _flush_lock
    recorder.reset()
    worker, _flush_lock = Worker(), threading.Lock()


os.register_at_fork(after_in_child=_reset_after_fork)
