"""A worker of its own: takes down the durations it reads, hands them on, and says so.

Run as a module with a list of seconds as JSON on standard input; `--stop` leaves handing on to the end of the process.
"""

import json
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "llmselect_project.settings"

import django

django.setup()

from perf.timing import handover, recorder  # noqa: E402
from perf.timing.fingerprint import shape_of  # noqa: E402

if __name__ == "__main__":
    recorder.serve()
    for position, seconds in enumerate(json.load(sys.stdin)):
        tally = recorder.Tally(lambda: "a/route")
        recorder.request_began(tally)
        recorder.query(shape_of("SELECT of_a_worker"), seconds, 1)
        recorder.request_ended(tally, recorder.Served("GET", "a/route", 200, seconds))
        if "--stop" not in sys.argv and position % 500 == 0:
            assert handover.hand_on()
    if "--stop" not in sys.argv:
        assert handover.hand_on()
