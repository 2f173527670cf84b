"""A kind of jobs that tests run: it counts, and acts as a test wants at each number."""

import pytest
from django.db import transaction

from perf.jobs.registry import KINDS
from perf.models import TimingBlock

ACTS = []  # what is called with the run before each number is stored


def count(run):
    """Store a row for each number up to `until`, and where it is, in one transaction each."""
    for number in range(run.progress.get("counted", 0), run.job.arguments["until"]):
        with transaction.atomic():
            TimingBlock.objects.create(span=7, start=number, worker=run.job.pk, data=b"")
            for act in ACTS:
                act(run)
            run.save(counted=number + 1)


def act(run):
    """Act as the test wants, outside of a transaction."""
    for each in ACTS:
        each(run)


def counted(job):
    return list(TimingBlock.objects.filter(worker=job.pk).order_by("start").values_list("start", flat=True))


@pytest.fixture(autouse=True)
def kind():
    KINDS["count"] = "tests.perf.jobs.conftest.count"
    ACTS.clear()
    yield
    del KINDS["count"]
