"""Plays answers that were recorded, byte by byte: one for requests that stream, one for whole answers."""

import asyncio
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from models_registry.fake_provider.http import Connection


class RecordedAnswer(TypedDict):
    """A status, headers, and chunks that are each sent in one write.

    `length` sends them as one body of known length. `wait` is the seconds before the first byte, `pause` those between
    chunks. With `end` of "cut" the connection is closed in the middle.
    """

    status: int
    headers: dict[str, str]
    chunks: list[str]
    length: NotRequired[bool]
    wait: NotRequired[float]
    pause: NotRequired[float]
    end: NotRequired[str]


class Refusal(TypedDict):
    """A field of the request that is refused with a 400 and a message, as long as it is there."""

    field: str
    message: str


class Recording(TypedDict, total=False):
    """What a model answers: `stream` or `whole` by the request, or `sequence` in turn, unless `refuse` applies.

    Of `stream` and `whole` one may be missing; then the other answers both kinds of request.
    """

    stream: RecordedAnswer
    whole: RecordedAnswer
    refuse: Refusal
    alternate: bool
    sequence: list[RecordedAnswer]


def choose(recording: Recording, body: Mapping[str, Any], number: int) -> RecordedAnswer | None:
    """Choose what answers the `number`th request of a model, from 0; None leaves it to the ordinary answer."""
    refusal = recording.get("refuse")
    if refusal is not None and refusal["field"] in body:
        message = f'{{"error": {{"message": "{refusal["message"]}", "param": "{refusal["field"]}"}}}}'
        return {"status": 400, "headers": {"content-type": "application/json"}, "chunks": [message], "length": True}
    if sequence := recording.get("sequence"):
        return sequence[number % len(sequence)]
    asked, other = ("stream", "whole") if body.get("stream") else ("whole", "stream")
    return recording.get(asked) or recording.get(other)


async def play(connection: Connection, answer: RecordedAnswer) -> None:
    """Send a recorded answer."""
    await asyncio.sleep(answer.get("wait", 0))
    chunks = [chunk.encode() for chunk in answer["chunks"]]
    if answer.get("length"):
        return connection.respond(answer["status"], answer["headers"], b"".join(chunks))
    connection.start(answer["headers"], answer["status"])
    for number, chunk in enumerate(chunks):
        if number:
            await asyncio.sleep(answer.get("pause", 0))
        await connection.send(chunk)
    return connection.close() if answer.get("end") == "cut" else connection.finish()
