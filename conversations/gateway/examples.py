"""Requests and answers of the gateway, for the documentation; the echo says what it was told."""

import json
from typing import Any

from drf_spectacular.utils import OpenApiExample

from conversations.history.examples import ANSWER, TEXT
from models_registry.protocols.responses_answers import ECHOED, PREFIX
from perf.api.examples import answered, asked

MODEL = "echo/echo-fast"
QUESTION = {"role": "user", "content": TEXT}


def streamed(event: dict[str, Any]) -> OpenApiExample:
    """Show an event of an answer with `stream`."""
    return answered(f"data: {json.dumps(event)}\n\n", media_type="text/event-stream")


CHUNK = {"index": 0, "delta": {"role": "assistant", "content": TEXT}, "finish_reason": None}
COMPLETION = [
    streamed({"id": "chatcmpl-3e7fb5b1", "object": "chat.completion.chunk", "model": MODEL, "choices": [CHUNK]}),
    asked({"model": MODEL, "messages": [QUESTION]}),
    answered(
        {
            "id": "chatcmpl-3e7fb5b1cbd5473f8c7d5b7c0d6f7d5a",
            "created": 1795858200,
            "model": MODEL,
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": TEXT, "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": 5,
                "completion_tokens": 5,
                "total_tokens": 10,
                "prompt_tokens_details": {"cached_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
        }
    ),
]
MESSAGE = [
    streamed({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": TEXT}}),
    asked({"model": MODEL, "max_tokens": 1024, "messages": [QUESTION]}),
    answered(
        {
            "id": "msg_5b7c0d6f7d5a3e7fb5b1cbd5",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": [{"type": "text", "text": TEXT}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": 5,
                "output_tokens": 5,
                "cache_read_input_tokens": 0,
                "cache_creation_input_tokens": 0,
            },
        }
    ),
]
ANSWERED = {
    "id": PREFIX + ANSWER["id"].replace("-", ""),
    "object": "response",
    "created_at": 1795858200,
    "background": False,
    "error": None,
    "incomplete_details": None,
    "model": MODEL,
    **ECHOED,
    "status": "completed",
    "output": [
        {
            "type": "message",
            "id": "msg_8d1f0c4be2f94f0d9a3c7b5e6f7a8b9c",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}],
        }
    ],
    "usage": {
        "input_tokens": 5,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 10,
    },
}
RESPONSE = [
    asked({"model": MODEL, "input": TEXT}),
    answered(ANSWERED),
    streamed({"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": TEXT}),
]
RESPONSE_SHOWN = [answered(ANSWERED)]
RESPONSE_DELETED = [answered({"id": ANSWERED["id"], "object": "response", "deleted": True})]
COUNTED = [asked({"model": MODEL, "messages": [QUESTION]}), answered({"input_tokens": 7})]
LISTED = {"id": MODEL, "object": "model", "created": 1795858200, "owned_by": "echo"}
MODELS = [answered({"object": "list", "data": [LISTED]})]
MODEL_SHOWN = [answered(LISTED)]
