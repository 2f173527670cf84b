"""Responds to requests as their scripts say: errors, whole responses and streams, with pauses and failures."""

import asyncio
import json
import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

from models_registry.fake_provider import recordings
from models_registry.fake_provider.anthropic import AnthropicFormat
from models_registry.fake_provider.formats import ERROR_TYPES, ScriptedResponse, dump
from models_registry.fake_provider.http import Connection, Request
from models_registry.fake_provider.openai import OpenAIFormat
from models_registry.fake_provider.openai_responses import ResponsesFormat, messages_of
from models_registry.fake_provider.script import Script, parse
from models_registry.fake_provider.state import ReceivedRequest, State

logger = logging.getLogger(__name__)

BAD_KEY = "bad-key"
JSON = {"content-type": "application/json"}
EVENT_STREAM = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
GARBAGE = {"1": b"{not json", "shape": b'{"object":"strange"}', "html": b"<html>A page</html>"}
LINE_ENDS = {"": b"\n", "crlf": b"\r\n", "cr": b"\r"}
FOREVER = 3_600  # seconds; a script that hangs is cancelled when its client disconnects
YIELD_EVERY = 64  # pieces without a pause, after which other connections run

Format = OpenAIFormat | AnthropicFormat | ResponsesFormat
OPENAI, ANTHROPIC, RESPONSES = OpenAIFormat(), AnthropicFormat(), ResponsesFormat()


async def respond(connection: Connection, request: Request, state: State) -> None:
    """Play the script of one request. Raises what the script or the connection raises, after logging it."""
    body = json.loads(request.body) if request.body else None
    state.received.append(ReceivedRequest(request.method, request.path, request.headers, body))
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
    wire: Format = RESPONSES if path.endswith("/responses") else OPENAI
    if "anthropic-version" in request.headers:
        wire = ANTHROPIC
    name = body["model"] if body else path
    if recording := state.recordings.get(name):
        state.played[name] += 1
        recorded = recordings.choose(recording, body or {}, state.played[name] - 1)
        if recorded is not None:
            return await recordings.play(connection, recorded)
    key = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        script = parse(body["model"] if body else key)
    except ValueError as error:
        return _send_error(connection, wire, 400, str(error))
    if key == BAD_KEY:
        return _send_error(connection, wire, 401, f"Incorrect API key provided: {key}. Find yours at http://stub/keys.")
    if await _failed_first(connection, wire, script, state):
        return None
    if path.endswith("/models"):
        return connection.respond(200, JSON, GARBAGE.get(script.garbage) or dump(_models(wire, request, state)))
    if path.endswith("/count_tokens"):
        return connection.respond(200, JSON, dump({"input_tokens": _scripted(script, body, state).prompt_tokens}))
    if not path.endswith(("/chat/completions", "/messages", "/responses")):
        return _send_error(connection, wire, 404, f"No such path: {path}")
    send = _send_stream if body.get("stream") else _send_whole
    return await send(connection, wire, _scripted(script, body, state))


def _send_error(connection: Connection, wire: Format, status: int, message: str, **headers: str) -> None:
    kind = ERROR_TYPES.get(status, "api_error")
    connection.respond(status, JSON | headers, dump(wire.error(kind, message)))


async def _failed_first(connection: Connection, wire: Format, script: Script, state: State) -> bool:
    """Play the failures that come before any response; tells whether there was one."""
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
    _send_error(connection, wire, status, script.message or f"The stub was asked for a {status}.", **headers)
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


def _scripted(script: Script, body: dict[str, Any], state: State) -> ScriptedResponse:
    messages = messages_of(body) if "input" in body else body["messages"]
    content = messages[-1].get("content") or ""  # a relay passes on what its client sent
    has_result = isinstance(content, list) and any(part.get("type") == "tool_result" for part in content)
    is_tool = bool(script.tool) and messages[-1].get("role") != "tool" and not has_result
    pieces = [] if is_tool and not script.reply else script.pieces(_text(content))
    prompt = " ".join(
        [
            str(body.get("system") or body.get("instructions") or ""),
            *(str(message.get("content") or "") for message in messages),
        ]
    )
    return ScriptedResponse(
        script=script,
        body=body,
        pieces=pieces,
        prompt_tokens=len(prompt.split()),
        completion_tokens=len(pieces),
        id=f"stub{next(state.ids)}",
        tool=is_tool,
    )


def _text(content: Any) -> str:
    """Read what the last message says, of parts their texts."""
    if not isinstance(content, list):
        return str(content)
    return " ".join(str(part.get("text") or part.get("content") or f"[{part.get('type')}]") for part in content)


async def _send_whole(connection: Connection, wire: Format, response: ScriptedResponse) -> None:
    script = response.script
    if script.delay:
        await asyncio.sleep(script.delay * len(response.pieces))
    body = dump(wire.error(script.error, "The stub broke off.") if script.error else wire.whole(response))
    body = GARBAGE.get(script.garbage, body)
    if script.cut or script.hang:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        connection.write(head + body[: len(body) // 2])
        if script.hang:
            await asyncio.sleep(FOREVER)
        return connection.close()
    return connection.respond(200, JSON, body)


async def _send_stream(connection: Connection, wire: Format, response: ScriptedResponse) -> None:
    script = response.script
    if script.garbage == "html":
        return connection.respond(200, {"content-type": "text/html"}, GARBAGE["html"])
    connection.start(EVENT_STREAM)
    if script.hang == "headers":
        await asyncio.sleep(FOREVER)
    for event in wire.opening(response):
        await _send(connection, script, event)
    if not await _sent_pieces(connection, wire, response):
        return None
    if script.end != "early":
        for event in wire.closing(response):
            await _send(connection, script, event)
    if script.end == "open":
        await asyncio.sleep(FOREVER)
    return connection.finish()


async def _sent_pieces(connection: Connection, wire: Format, response: ScriptedResponse) -> bool:
    """Send the pieces; tells whether the stream goes on after them."""
    script, middle = response.script, (len(response.pieces) + 1) // 2
    for number, text in enumerate(response.pieces):
        if number and script.delay:
            await asyncio.sleep(script.delay)
        elif number % YIELD_EVERY == 0:
            await asyncio.sleep(0)
        if number == script.cut:
            connection.close()
            return False
        if (number == middle or len(response.pieces) == 1) and not await _passed_middle(connection, wire, script):
            return False
        await _send(connection, script, wire.piece(response, text))
    return True


async def _passed_middle(connection: Connection, wire: Format, script: Script) -> bool:
    """Play what happens after half of the pieces; tells whether the stream goes on."""
    if script.hang == "mid":
        await asyncio.sleep(FOREVER)
    if script.garbage:
        await _send(connection, script, wire.strange_event if script.garbage == "shape" else wire.garbage_event)
    if script.error:
        await _send(connection, script, wire.error_event(script.error, "The stub broke off."))
        connection.finish()
    return not script.error


async def _send(connection: Connection, script: Script, event: bytes) -> None:
    if script.comments:
        event = b": STUB PROCESSING\n\n" + event
    if script.lines:
        event = event.replace(b"\n", LINE_ENDS[script.lines])
    step = script.split or len(event)
    for start in range(0, len(event), step):
        await connection.send(event[start : start + step])
