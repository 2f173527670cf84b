"""Requests and answers of conversations, for the documentation."""

from typing import Any

from perf.api.examples import answered, asked

ID = "019aca8d-96d9-711e-a97b-13ad0fb5731a"
TEXT = "Hello, which model are you?"
USAGE = {
    "prompt_tokens": 5,
    "completion_tokens": 5,
    "cache_read_tokens": None,
    "cache_write_tokens": None,
    "reasoning_tokens": None,
}
QUESTION: dict[str, Any] = {
    "id": "019aca8d-96de-77c9-97cd-e730d190a827",
    "role": "user",
    "content": TEXT,
    "parts": None,
    "reasoning": None,
    "provider": "echo",
    "model": "echo-fast",
    "status": "complete",
    "finish_reason": None,
    "error": None,
    "prompt_tokens": None,
    "completion_tokens": None,
    "usage": None,
    "cost": None,
    "cost_source": None,
    "estimated": False,
    "time": None,
    "ttft": None,
    "created_at": "2026-11-28T09:30:00.110086Z",
}
ANSWER: dict[str, Any] = {
    **QUESTION,
    "id": "019aca8d-96e7-7582-a20b-cc5b12730c55",
    "role": "assistant",
    "finish_reason": "stop",
    "prompt_tokens": 5,
    "completion_tokens": 5,
    "usage": USAGE,
    "cost": "0",
    "cost_source": "list",
    "time": 0.0001,
    "ttft": 0.0001,
    "created_at": "2026-11-28T09:30:00.119846Z",
}
CONVERSATION: dict[str, Any] = {
    "id": ID,
    "title": TEXT,
    "provider": "echo",
    "model": "echo-fast",
    "source": None,
    "message_count": 2,
    "preview": TEXT,
    "snippet": None,
    "created_at": "2026-11-28T09:30:00.105846Z",
    "updated_at": "2026-11-28T09:30:00.119996Z",
    "last_message_at": ANSWER["created_at"],
}
EMPTY = {**CONVERSATION, "title": "Rivers", "message_count": 0, "preview": ""}
FILE = f"""\
# {TEXT}

- Model: echo/echo-fast
- Started: 2026-11-28 09:30 UTC
- Messages: 2

## User — 2026-11-28 09:30 UTC

{TEXT}

## Assistant (echo/echo-fast) — 2026-11-28 09:30 UTC

{TEXT}
"""
EXPORTED = {name: value for name, value in CONVERSATION.items() if name not in ("preview", "snippet", "source")}

LIST = [answered(CONVERSATION)]
CREATE = [asked({"provider": "echo", "model": "echo-fast", "title": "Rivers"}), answered(EMPTY, status=201)]
DETAIL = [answered({**CONVERSATION, "running": None, "messages": [QUESTION, ANSWER], "older_messages": None})]
RENAME = [asked({"title": "First words"}), answered({**CONVERSATION, "title": "First words"})]
EXPORT = [
    answered(FILE, media_type="text/markdown"),
    answered({**EXPORTED, "system": "", "messages": [QUESTION, ANSWER]}),
]
MESSAGES = [answered(ANSWER)]
