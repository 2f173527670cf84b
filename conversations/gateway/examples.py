"""Requests and answers of the gateway, for the documentation; the echo says what it was told."""

from conversations.history.examples import TEXT
from perf.api.examples import answered, asked

MODEL = "echo/echo-fast"
QUESTION = {"role": "user", "content": TEXT}
COMPLETION = [
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
COUNTED = [asked({"model": MODEL, "messages": [QUESTION]}), answered({"input_tokens": 7})]
LISTED = {"id": MODEL, "object": "model", "created": 1795858200, "owned_by": "echo"}
MODELS = [answered({"object": "list", "data": [LISTED]})]
MODEL_SHOWN = [answered(LISTED)]
