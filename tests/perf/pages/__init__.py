"""What the tests of the pages have in common: figures to show."""

from models_registry.calls.figures import record_call
from models_registry.calls.measurement import Measurement
from perf.timing import recorder
from perf.timing.fingerprint import fingerprint_of
from perf.timing.request_stats import RequestStats, current_stats

REPEATED = "SELECT username FROM auth_user WHERE id = %s AND is_active IN (%s, %s)"
UNEXPLAINED = "UPDATE auth_user SET username = %s WHERE id = %s"


def measure():
    """Record a request that sends one statement twelve times, a failed one, and what else there is a table for."""
    for status, seconds in ((200, 0.25), (500, 0.75)):
        stats = RequestStats(lambda: "a/<route>")
        token = current_stats.set(stats)
        recorder.request_started(stats)
        for _ in range(12):
            recorder.query(fingerprint_of(REPEATED), 0.02, 3)
        recorder.query(fingerprint_of(UNEXPLAINED), 0.001, 1)
        current_stats.reset(token)
        recorder.request_finished(stats, recorder.FinishedRequest("GET", "a/<route>", status, seconds))
    for hit in (True, True, True, False):
        recorder.cache_lookup("a-namespace", hit=hit, seconds=0.001)
    recorder.pool_wait(0.125)
    recorder.slow_query(fingerprint_of(REPEATED), 0.3, "a/<slow>")
    details = {"method": "GET", "route": "a/<route>", "status": 500, "user_id": None, "request_id": "the-id"}
    recorder.slow_request(0.75, {**details, "query_count": 13, "database_time": 0.24, "pool_wait": 0.0})
    record_call(
        provider="openai",
        model="m",
        outcome="ok",
        ttft=0.5,
        measured=Measurement(2, prompt_tokens=3, completion_tokens=4),
    )
