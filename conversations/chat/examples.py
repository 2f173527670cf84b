"""Requests and answers of chats, for the documentation; the echo says what it was told."""

from conversations.completions.streams.examples import events, started
from conversations.history.examples import ANSWER, ID, QUESTION, USAGE
from perf.api.examples import answered, asked

REQUEST = {"provider": "echo", "model": "echo-fast", "message": ANSWER["content"]}
CONTEXT = {"dropped_messages": 0}
STREAMED = [
    {"event": "start", "conversation_id": ID, "question_id": QUESTION["id"], **started("chat")},
    {"event": "chunk", "content": "Hello, "},
    {"event": "chunk", "content": "which "},
    {"event": "chunk", "content": "model "},
    {"event": "chunk", "content": "are "},
    {"event": "chunk", "content": "you?"},
    {
        "event": "done",
        "conversation_id": ID,
        "question_id": QUESTION["id"],
        "message_id": ANSWER["id"],
        "context": CONTEXT,
        "finish_reason": "stop",
        "usage": {**USAGE, "cost": "0", "cost_source": "list", "estimated": False},
        "time": 0.0001,
        "ttft": 0.0001,
    },
]
WHOLE = {
    "conversation_id": ID,
    "question_id": QUESTION["id"],
    "response": ANSWER["content"],
    "message": ANSWER,
    "context": CONTEXT,
}

CHAT = [
    asked(REQUEST),
    answered(WHOLE),
]
FOLLOWED = [answered(events(STREAMED), media_type="text/event-stream")]
STREAM = [asked(REQUEST), *FOLLOWED]
EDITED = [asked({"content": QUESTION["content"]}), answered(QUESTION)]
RETRY = [
    asked({"provider": "echo", "model": "echo-fast"}),
    answered(WHOLE),
]
RETRY_STREAM = [RETRY[0], STREAM[1]]
CONTINUED = [asked({}), answered(WHOLE)]
CONTINUED_STREAM = [
    asked({}),
    answered(
        events([{**STREAMED[0], "continues": ANSWER["id"]}, *STREAMED[2:]]),
        media_type="text/event-stream",
    ),
]
