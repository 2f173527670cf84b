"""A worker of its own that measures much, and prints by how many bytes its memory grew, now and at its peak."""

import gc
import os
import random
import sys
import tracemalloc

os.environ["DJANGO_SETTINGS_MODULE"] = "llmselect_project.settings"

import django

django.setup()

from perf.timing import flushing, recorder  # noqa: E402
from perf.timing.fingerprint import fingerprint_of  # noqa: E402
from perf.timing.request_stats import RequestStats  # noqa: E402

COLUMNS = ", ".join(f'"conversations_conversation"."column_{number}"' for number in range(10))


def work(routes, statements, requests, dice):
    """Record requests of so many routes, with so many different statements."""
    for number in range(requests):
        stats = RequestStats(lambda: "")
        for position in range(3):
            sql = f"SELECT {COLUMNS} FROM table_number_{(number * 3 + position) % statements}_x WHERE id = %s"
            stats.queries.append((fingerprint_of(sql), dice.lognormvariate(-6, 1), 1))
        recorder.request_started(stats)
        route = f"api/v1/some/long/route/number/{number % routes}/<uuid:pk>"
        recorder.request_finished(stats, recorder.FinishedRequest("GET", route, 200, dice.lognormvariate(-4, 1)))


if __name__ == "__main__":
    assert flushing.flush()  # so that only figures are counted, no imports and connections
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    dice = random.Random(1)
    for _ in range(3):  # the second and third time blocks are merged
        work(1000, 1000, 5000, dice)
        assert flushing.flush()
    work(1000, 1000, 5000, dice)
    gc.collect()
    sys.stdout.write(" ".join(str(size - before) for size in tracemalloc.get_traced_memory()))
