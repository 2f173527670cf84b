"""Request threads on one core, and which core that is."""

import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from perf.serving import pinning
from perf.serving.pinning import PinnedThreads, claim_core, pinned, roaming

CORES = sorted(os.sched_getaffinity(0), reverse=True) if hasattr(os, "sched_getaffinity") else []
several = pytest.mark.skipif(len(CORES) < 2, reason="there is one core, or no affinity")


@pytest.fixture
def group():
    """Return a group of its own, and let go of its claims at the end."""
    before = len(pinning._claims)
    yield uuid.uuid4().hex
    for claim in pinning._claims[before:]:
        claim.close()
    del pinning._claims[before:]


def in_a_thread(call):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def cores_of_a_request(environ, start_response):
    """Answer with the cores of this thread, and of one that it starts."""
    here = os.sched_getaffinity(0)
    return [here, in_a_thread(lambda: os.sched_getaffinity(0))]


@several
def test_the_thread_of_a_request_and_those_it_starts_stay_on_the_core():
    application = PinnedThreads(cores_of_a_request, CORES[0])
    assert in_a_thread(lambda: application({}, None)) == [{CORES[0]}, {CORES[0]}]
    assert os.sched_getaffinity(0) == set(CORES)


@several
def test_what_needs_no_lock_uses_all_cores():
    def application(environ, start_response):
        with roaming():
            inside = os.sched_getaffinity(0)
        return [inside, os.sched_getaffinity(0)]

    assert in_a_thread(lambda: PinnedThreads(application, CORES[0])({}, None)) == [set(CORES), {CORES[0]}]
    with roaming():
        assert os.sched_getaffinity(0) == set(CORES)


@several
def test_a_core_that_was_taken_away_is_no_error():
    application = PinnedThreads(cores_of_a_request, 1023)
    assert in_a_thread(lambda: application({}, None)) == [set(CORES), set(CORES)]


@several
def test_each_claims_a_core_from_the_last_one_on_until_all_are_taken(group):
    assert [claim_core(group) for _ in range(len(CORES) + 1)] == [*CORES, None]


@several
def test_a_claim_ends_with_its_process(group):
    code = f"from perf.serving.pinning import claim_core; print(claim_core('{group}'), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert int(other.stdout.readline()) == CORES[0]
        assert claim_core(group) == CORES[1]
        other.kill()
    assert claim_core(group) == CORES[0]


@several
def test_a_process_that_may_use_one_core_is_left_alone(group):
    def claim():
        os.sched_setaffinity(0, {CORES[0]})
        return claim_core(group)

    assert in_a_thread(claim) is None


def test_a_platform_without_affinity_is_left_alone(group, monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    assert claim_core(group) is None


def test_it_can_be_switched_off():
    assert pinned(cores_of_a_request, "off") is cores_of_a_request
