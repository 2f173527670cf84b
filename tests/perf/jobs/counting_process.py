"""A process for jobs with a kind of its own, which counts slowly and says each number."""

import os
import signal
import sys
import time

os.environ["DJANGO_SETTINGS_MODULE"] = "llmselect_project.settings"

import django

django.setup()

from django.db import transaction  # noqa: E402

from perf.jobs.registry import register  # noqa: E402
from perf.jobs.runner import Runner  # noqa: E402
from perf.models import TimingBlock  # noqa: E402


def count(run):
    for number in range(run.progress.get("counted", 0), run.job.arguments["until"]):
        with transaction.atomic():
            TimingBlock.objects.create(span=7, start=number, worker=run.job.pk, data=b"")
            run.save(counted=number + 1)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        time.sleep(0.05)


if __name__ == "__main__":
    register("count", "tests.perf.jobs.counting_process.count")
    runner = Runner()
    signal.signal(signal.SIGTERM, lambda *_: runner.stop())
    runner.run(idle=0.0 if "--until-idle" in sys.argv else None)
