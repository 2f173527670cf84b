"""The ceiling: a real server that repeats what was recorded of another."""

from perf.benchmarks import answers
from perf.benchmarks.answers import RecordedAnswer, record
from perf.benchmarks.load import drive_here, request
from perf.benchmarks.processes import ceiling

HEADERS = {"content-type": "application/json", "etag": '"1"', "x-cache": "hit", "content-length": "18"}
WHOLE = RecordedAnswer(200, HEADERS, ['{"results":["ä"]}'])
UNCHANGED = RecordedAnswer(304, {"etag": '"1"'}, [])
STREAM = RecordedAnswer(200, {"content-type": "text/event-stream"}, ["data: 1\n\n", "data: 2\n\n"], streamed=True)


def test_the_ceiling_repeats_answers(tmp_path):
    file = tmp_path / "answers.json"
    answers.write(file, {"/": WHOLE, "/unchanged": UNCHANGED, "/stream": STREAM})
    with ceiling(file, threads=33) as server:
        assert record("GET", f"{server.url}/", {}) == WHOLE
        assert record("POST", f"{server.url}/", {}, b"{}") == WHOLE
        assert record("GET", f"{server.url}/unchanged", {}) == UNCHANGED
        assert record("GET", f"{server.url}/stream", {}) == STREAM
        load = drive_here(server.url, [request("GET", f"{server.url}/")], clients=2, seconds=10, answers=1000)
        assert load.errors() == 0
        assert 0 < server.cpu_seconds() < load.lasted * 2
        (megabytes,) = server.memory()  # of its one worker
        assert 10 < megabytes < 1000
