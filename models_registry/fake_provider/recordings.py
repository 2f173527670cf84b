"""Plays answers that were recorded, byte by byte: one for requests that stream, one for whole answers."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
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
    """A field of the request that is refused with a 400 and a message, as long as it is there.

    The field `system` is a message of that role too. `param` is what the error names instead of the field, if anything.
    """

    field: str
    message: str
    param: NotRequired[str | None]
    status: NotRequired[int]


class Recording(TypedDict, total=False):
    """What a model, or a path like `/v1/models`, answers.

    It is `stream` or `whole` by the request, or one of `sequence` in turn, unless `refuse` applies. Of `stream` and
    `whole` one may be missing; then the other answers both kinds of request.
    """

    stream: RecordedAnswer
    whole: RecordedAnswer
    refuse: Refusal
    alternate: bool
    sequence: list[RecordedAnswer]


def load(folder: Path) -> dict[str, Recording]:
    """Read the recordings of a folder: each JSON file is what the model of its name answers.

    Raises OSError and ValueError.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder.")
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def choose(recording: Recording, body: Mapping[str, Any], number: int) -> RecordedAnswer | None:
    """Choose what answers the `number`th request of a model, from 0; None leaves it to the ordinary answer."""
    refusal = recording.get("refuse")
    if refusal is not None and _has(body, refusal["field"]):
        error = {"message": refusal["message"], "param": refusal.get("param", refusal["field"])}
        headers, status = {"content-type": "application/json"}, refusal.get("status", 400)
        return {"status": status, "headers": headers, "chunks": [json.dumps({"error": error})], "length": True}
    if sequence := recording.get("sequence"):
        return sequence[number % len(sequence)]
    stream, whole = recording.get("stream"), recording.get("whole")
    return (stream or whole) if body.get("stream") else (whole or stream)


def _has(body: Mapping[str, Any], field: str) -> bool:
    return bool(body.get(field)) or (
        field == "system" and any(turn["role"] == "system" for turn in body.get("messages", ()))
    )


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
