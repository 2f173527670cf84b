"""A worker process that records the durations it reads, and flushes them.

Run as a module with a list of seconds as JSON on standard input; `--stop` leaves the flush to the end of the process.
"""

import json
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "llmselect_project.settings"

import django

django.setup()

from perf.timing import flushing, recorder  # noqa: E402
from perf.timing.fingerprint import fingerprint_of  # noqa: E402

if __name__ == "__main__":
    recorder.serve()
    for position, seconds in enumerate(json.load(sys.stdin)):
        stats = recorder.RequestStats(lambda: "a/route")
        recorder.request_started(stats)
        recorder.query(fingerprint_of("SELECT of_a_worker"), seconds, 1)
        recorder.request_finished(stats, recorder.FinishedRequest("GET", "a/route", 200, seconds))
        if "--stop" not in sys.argv and position % 500 == 0:
            assert flushing.flush()
    if "--stop" not in sys.argv:
        assert flushing.flush()
