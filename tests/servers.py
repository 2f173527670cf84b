"""`manage.py serve` as a process of its own on the tests' database."""

from perf.benchmarks.processes import running
from tests.helpers import process_environment


def serve(port, *arguments, **more):
    return running("serve", "--port", str(port), *arguments, environment=process_environment(**more))
