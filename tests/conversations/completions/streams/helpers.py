"""What is asked, and how the bytes of a stream are read."""

import json

URL = "/api/v1/chat/stream"
HELLO = {"provider": "openai", "model": "stub", "message": "hello you there"}
LONG = "stub?delay=0.03&chunks=40"


def raw(response):
    return b"".join(part for part in response.streaming_content if part != b": ping\n\n")


def ids(text):
    return [int(line.removeprefix(b"id: ")) for line in text.split(b"\n") if line.startswith(b"id: ")]


def events_of(text):
    return [json.loads(line.removeprefix(b"data: ")) for line in text.split(b"\n") if line.startswith(b"data: ")]
