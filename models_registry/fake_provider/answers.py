"""Plays a script over one connection: refusals, whole answers and streams, with their pauses and their failures."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from models_registry.fake_provider import recordings
from models_registry.fake_provider.anthropic import AnthropicFormat
from models_registry.fake_provider.formats import ERROR_TYPES, Answer, Format, dump
from models_registry.fake_provider.http import Connection, Request
from models_registry.fake_provider.openai import OpenAIFormat
from models_registry.fake_provider.script import Script, parse
from models_registry.fake_provider.state import Received, State

logger = logging.getLogger(__name__)

BAD_KEY = "bad-key"
JSON = {"content-type": "application/json"}
EVENT_STREAM = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
GARBAGE = {"1": b"{not json", "shape": b'{"object":"strange"}', "html": b"<html>A page</html>"}
LINE_ENDS = {"": b"\n", "crlf": b"\r\n", "cr": b"\r"}
FOREVER = 3_600  # seconds; a hang ends when the client goes away
BREATH = 64  # pieces without a pause before others get their turn

OPENAI, ANTHROPIC = OpenAIFormat(), AnthropicFormat()


async def answer(connection: Connection, request: Request, state: State) -> None:
    """Answer one request by its script."""
    body = json.loads(request.body) if request.body else None
    state.requests.append(Received(request.method, request.path, request.headers, body))
    try:
        await _route(connection, request, body, state)
    except asyncio.CancelledError:
        state.cancelled += 1
        raise
    except Exception:
        logger.exception("The stub failed.")
        raise


async def _route(connection: Connection, request: Request, body: Any, state: State) -> None:
    path = urlsplit(request.path).path
    wire: Format = ANTHROPIC if "anthropic-version" in request.headers else OPENAI
    if body and (recording := state.recordings.get(body["model"])):
        state.played[body["model"]] += 1
        recorded = recordings.choose(recording, body, state.played[body["model"]] - 1)
        if recorded is not None:
            return await recordings.play(connection, recorded)
    key = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        script = parse(body["model"] if body else key)
    except ValueError as error:
        return _refuse(connection, wire, 400, str(error))
    if key == BAD_KEY:
        return _refuse(connection, wire, 401, f"Incorrect API key provided: {key}. Find yours at http://stub/keys.")
    if await _failed(connection, wire, script, state):
        return None
    if path.endswith("/models"):
        return connection.respond(200, JSON, GARBAGE.get(script.garbage) or dump(_models(wire, request, state)))
    if not path.endswith(("/chat/completions", "/messages")):
        return _refuse(connection, wire, 404, f"No such path: {path}")
    play = _stream if body.get("stream") else _whole
    return await play(connection, wire, _prepare(script, body, state))


def _refuse(connection: Connection, wire: Format, status: int, message: str, **headers: str) -> None:
    kind = ERROR_TYPES.get(status, "api_error")
    connection.respond(status, JSON | headers, dump(wire.error(kind, message)))


async def _failed(connection: Connection, wire: Format, script: Script, state: State) -> bool:
    """Play the failures that come before any answer; says whether there was one."""
    if script.first:
        await asyncio.sleep(script.first)
    if script.hang == "first":
        await asyncio.sleep(FOREVER)
    if script.redirect:
        connection.respond(307, {"location": script.redirect}, b"")
        return True
    status = 500 if script.status is None and script.fail else script.status
    if status is None or (script.fail and state.failures[script.id] >= script.fail):
        if script.cut != 0:
            return False
        status = 0
    state.failures[script.id] += 1
    if status == 0:
        connection.close()
        return True
    names = {"retry-after": script.retry_after, "retry-after-ms": script.retry_after_ms}
    names["x-should-retry"] = script.should_retry
    headers = {name: value for name, value in names.items() if value}
    _refuse(connection, wire, status, script.message or f"The stub was asked for a {status}.", **headers)
    return True


def _models(wire: Format, request: Request, state: State) -> dict[str, Any]:
    if wire is OPENAI:
        return {"object": "list", "data": state.openai_models}
    query = parse_qs(urlsplit(request.path).query)
    after, limit = query.get("after_id", [""])[0], int(query.get("limit", ["20"])[0])
    ids = [model["id"] for model in state.anthropic_models]
    start = ids.index(after) + 1 if after in ids else 0
    page = state.anthropic_models[start : start + limit]
    has_more = start + limit < len(ids)
    return {"data": page, "has_more": has_more, "first_id": ids[start], "last_id": page[-1]["id"] if page else None}


def _prepare(script: Script, body: dict[str, Any], state: State) -> Answer:
    messages = body["messages"]
    pieces = script.pieces(str(messages[-1]["content"]))
    asked = " ".join([str(body.get("system") or ""), *(str(message["content"]) for message in messages)])
    return Answer(
        script=script,
        body=body,
        pieces=pieces,
        prompt_tokens=len(asked.split()),
        completion_tokens=len(pieces),
        id=f"stub{next(state.ids)}",
    )


async def _whole(connection: Connection, wire: Format, answer: Answer) -> None:
    script = answer.script
    if script.delay:
        await asyncio.sleep(script.delay * len(answer.pieces))
    body = dump(wire.error(script.error, "The stub broke off.") if script.error else wire.whole(answer))
    body = GARBAGE.get(script.garbage, body)
    if script.cut or script.hang:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        connection.write(head + body[: len(body) // 2])
        if script.hang:
            await asyncio.sleep(FOREVER)
        return connection.close()
    return connection.respond(200, JSON, body)


async def _stream(connection: Connection, wire: Format, answer: Answer) -> None:
    script = answer.script
    if script.garbage == "html":
        return connection.respond(200, {"content-type": "text/html"}, GARBAGE["html"])
    connection.start(EVENT_STREAM)
    if script.hang == "headers":
        await asyncio.sleep(FOREVER)
    for event in wire.opening(answer):
        await _send(connection, script, event)
    if not await _pieces(connection, wire, answer):
        return None
    if script.end != "early":
        for event in wire.closing(answer):
            await _send(connection, script, event)
    if script.end == "open":
        await asyncio.sleep(FOREVER)
    return connection.finish()


async def _pieces(connection: Connection, wire: Format, answer: Answer) -> bool:
    """Send the pieces; False when the script broke the stream off."""
    script, middle = answer.script, (len(answer.pieces) + 1) // 2
    for number, text in enumerate(answer.pieces):
        if number and script.delay:
            await asyncio.sleep(script.delay)
        elif number % BREATH == 0:
            await asyncio.sleep(0)
        if number == script.cut:
            connection.close()
            return False
        if (number == middle or len(answer.pieces) == 1) and not await _middle(connection, wire, script):
            return False
        await _send(connection, script, wire.piece(answer, text))
    return True


async def _middle(connection: Connection, wire: Format, script: Script) -> bool:
    """Play what happens half way; False when the stream is over."""
    if script.hang == "mid":
        await asyncio.sleep(FOREVER)
    if script.garbage:
        await _send(connection, script, wire.strange_event if script.garbage == "shape" else wire.garbage_event)
    if script.error:
        await _send(connection, script, wire.error_event(script.error, "The stub broke off."))
        connection.finish()
        return False
    return True


async def _send(connection: Connection, script: Script, event: bytes) -> None:
    if script.comments:
        event = b": STUB PROCESSING\n\n" + event
    if script.lines:
        event = event.replace(b"\n", LINE_ENDS[script.lines])
    for part in _parts(event, script.split):
        await connection.send(part)


def _parts(event: bytes, step: int) -> Iterator[bytes]:
    if not step:
        yield event
        return
    for start in range(0, len(event), step):
        yield event[start : start + step]
