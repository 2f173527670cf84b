"""Handing figures on to where all workers' figures meet, from one thread, never from a request."""

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
from perf.timing.stores import HOUR, MINUTE, TOTALS, Place, impatient, store
from perf.timing.totals import Totals

WAITING_LIMIT = 10  # deltas kept, one a minute, while the store fails; then they share one

_handing_on = threading.Lock()


@dataclass(slots=True)
class _Waiting:
    """A delta that is not stored yet; by its number a store tells whether it is, when an answer was lost."""

    number: int
    minute: int
    data: bytes


class Worker:
    """A process as others see it; `clock` tells the seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.name = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.waiting: list[_Waiting] = []
        self.number = 0
        self.pruned = 0.0  # monotonic seconds
        self.gauges: dict[str, float] = {}
        self.started = False


worker = Worker()


def start() -> None:
    """Hand on once more when the process ends, and every few seconds if it serves; begins once a process.

    A command that does not serve may fork, which a thread would not survive.
    """
    if worker.started or not settings.TIMING_INTERVAL:
        return
    worker.started = True
    if recorder.is_serving():
        threading.Thread(target=_run, args=(worker,), name="timing-handover", daemon=True).start()
    # Unlike `atexit` this also runs in the workers of a server that forks.
    util.Finalize(None, hand_on, kwargs={"silent": not recorder.is_serving()}, exitpriority=10)


def hand_on(*, silent: bool = False) -> bool:
    """Store what was measured since the last time; tells whether everything is stored. Never raises."""
    token = recorder.origin.set(recorder.HANDOVER)
    try:
        with _handing_on:
            _take()
            _store()
    except Exception as error:  # every backend has its own
        if not silent:
            recorder.report("figures cannot be stored; keeping them", error)
        return False
    else:
        return True
    finally:
        recorder.origin.reset(token)


def prune() -> int:
    """Delete what is too old to be asked for, and fold the totals of workers gone; returns how many blocks went."""
    store().fold()
    return store().prune()


@contextmanager
def not_stored() -> Iterator[list[tuple[int, Delta]]]:
    """Yield what is not stored yet of this worker, as (start of its minute, figures); inside nothing is stored."""
    with _handing_on:
        waiting = [(kept.minute, Delta.decoded(kept.data)) for kept in worker.waiting]
        yield [*waiting, (this_minute(), recorder.seen())]


def _run(own: Worker) -> None:
    recorder.origin.set(recorder.HANDOVER)
    while True:
        time.sleep(settings.TIMING_INTERVAL)
        try:
            gauges = recorder.gauges()
            if recorder.changed() or own.waiting or gauges != own.gauges or any(gauges.values()):
                impatient()
                hand_on()
        except Exception as error:
            recorder.report("figures cannot be handed on", error)


def _take() -> None:
    """Move what was measured to what waits, unless the store fails and this minute, or all room, is taken."""
    if worker.waiting and (worker.waiting[-1].minute == this_minute() or len(worker.waiting) >= WAITING_LIMIT):
        return
    worker.number += 1
    worker.gauges = recorder.gauges()
    delta = recorder.taken()
    delta.applied = worker.number
    delta.gauges = {**worker.gauges, "at": time.time()}
    worker.waiting.append(_Waiting(worker.number, this_minute(), delta.encoded()))


def _store() -> None:
    try:
        while worker.waiting:
            oldest = worker.waiting[0]
            _add(oldest)
            worker.waiting.remove(oldest)
        if time.monotonic() - worker.pruned > HOUR:
            worker.pruned = time.monotonic()
            prune()
    finally:
        release()


def _add(waiting: _Waiting) -> None:
    """Add a delta to this worker's blocks of its minute and its hour, and to its totals."""
    kept = store()
    places: list[Place] = [(MINUTE, waiting.minute), (HOUR, waiting.minute - waiting.minute % HOUR)]
    old = kept.own(worker.name, [*places, TOTALS])
    blocks = {place: _merged(old.pop(place, None), waiting) for place in places}
    blocks[TOTALS] = _totalled(old.pop(TOTALS, None), waiting)
    if changed := {place: data for place, data in blocks.items() if data is not None}:
        kept.write(worker.name, changed)


def _merged(old: bytes | None, waiting: _Waiting) -> bytes | None:
    """Add a delta to a block; None when it is in it already."""
    block = Delta() if old is None else Delta.decoded(old)
    if block.applied >= waiting.number:
        return None
    delta = Delta.decoded(waiting.data)
    block.add(delta)
    block.applied, block.gauges = delta.applied, delta.gauges
    del delta  # all of it is in the block; encoding needs the room
    return block.encoded()


def _totalled(old: bytes | None, waiting: _Waiting) -> bytes | None:
    """Add a delta to the totals; None when it is in them already."""
    totals = Totals() if old is None else Totals.decoded(old)
    if totals.applied >= waiting.number:
        return None
    totals.add_delta(Delta.decoded(waiting.data))
    totals.applied, totals.at = waiting.number, time.time()
    return totals.encoded()


def this_minute() -> int:
    """Return the start of this minute in seconds since 1970."""
    return int(worker.clock()) // MINUTE * MINUTE


def _forked() -> None:
    global worker, _handing_on
    recorder.begin_anew()
    worker, _handing_on = Worker(), threading.Lock()


os.register_at_fork(after_in_child=_forked)
