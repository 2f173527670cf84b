"""The ceiling: a real server that repeats what was recorded of another."""

from perf.benchmarks import answers, usage
from perf.benchmarks.answers import Answer, record
from perf.benchmarks.processes import ceiling

HEADERS = {"content-type": "application/json", "etag": '"1"', "x-cache": "hit", "content-length": "18"}
WHOLE = Answer(200, HEADERS, ['{"results":["ä"]}'])
UNCHANGED = Answer(304, {"etag": '"1"'}, [])
STREAM = Answer(200, {"content-type": "text/event-stream"}, ["data: 1\n\n", "data: 2\n\n"], streamed=True)


def test_the_ceiling_repeats_answers(tmp_path):
    file = tmp_path / "answers.json"
    answers.write(file, {"/": WHOLE, "/unchanged": UNCHANGED, "/stream": STREAM})
    with ceiling(file, threads=33) as served:
        workers = usage.workers(served.pid)
        assert len(workers) == 1
        assert record("GET", f"{served.url}/", {}) == WHOLE
        assert record("POST", f"{served.url}/", {}, b"{}") == WHOLE
        assert record("GET", f"{served.url}/unchanged", {}) == UNCHANGED
        assert record("GET", f"{served.url}/stream", {}) == STREAM
        assert usage.cpu_seconds([served.pid]) > 0
        assert 10_000_000 < usage.resident_bytes(workers[0]) < 1_000_000_000
