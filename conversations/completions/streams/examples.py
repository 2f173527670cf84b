"""Requests and answers of streams that are followed, for the documentation."""

from typing import Any

from conversations.completions.sse import sse
from perf.api.examples import answered

STREAM_ID = "7f0c2c52-1d0a-4b53-9d3e-0a6a1f0c8e57"


def started(kind: str) -> dict[str, str]:
    """Show what the `start` event of a `chat` or a `compare` says of its stream."""
    return {"stream_id": STREAM_ID, "url": f"/api/v1/{kind}/streams/{STREAM_ID}"}


def events(shown: list[dict[str, Any]]) -> str:
    """Write events as a stream."""
    return b"".join(sse(event, number) for number, event in enumerate(shown, 1)).decode()


STOPPED = [answered({"stream_id": STREAM_ID, "ended": True})]
