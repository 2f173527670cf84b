"""Requests and answers of imports, for the documentation."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from perf.api.examples import answered

NONE = {"read": 0, "added": 0, "known": 0, "skipped": 0}
WAITING: dict[str, Any] = {
    "id": "019aca8d-96d9-711e-a97b-13ad0fb5731b",
    "name": "conversations.json",
    "size": 5237,
    "source": "chatgpt",
    "state": "waiting",
    "dry_run": False,
    "progress": 0.0,
    "conversations": {**NONE, "updated": 0},
    "messages": NONE,
    "comparisons": NONE,
    "reasons": {},
    "problems": [],
    "error": None,
    "created_at": "2026-11-28T09:30:00.105846Z",
    "started_at": None,
    "finished_at": None,
}
DONE: dict[str, Any] = {
    **WAITING,
    "state": "done",
    "progress": 1.0,
    "conversations": {"read": 2, "added": 1, "known": 0, "skipped": 1, "updated": 0},
    "messages": {"read": 3, "added": 2, "known": 0, "skipped": 1},
    "reasons": {"another branch": 1},
    "problems": [
        {"place": "conversations.json, item 2, 'Broken'", "reason": "It has no messages (`mapping`)."},
    ],
    "started_at": "2026-11-28T09:30:02.110086Z",
    "finished_at": "2026-11-28T09:30:02.310086Z",
}

FILE = """\
[{"uuid": "11111111-2222-4333-8444-555555555555", "name": "Mountains", "created_at": "2025-01-01T00:00:00Z",
  "chat_messages": [{"uuid": "m1", "sender": "human", "text": "Which is the highest?"}]}]
"""

LIST = [answered(DONE)]
BEGUN = [
    OpenApiExample("Request", value=FILE, request_only=True, media_type="application/octet-stream"),
    answered(WAITING, status=202),
]
SHOWN = [answered(DONE)]
REMOVED = [
    answered({"conversations": 1, "messages": 2, "comparisons": 0, "kept": 0}),
    answered({**DONE, "state": "removing", "progress": 0.0, "started_at": None, "finished_at": None}, status=202),
]
CANCELLED = [answered({**WAITING, "state": "cancelled", "finished_at": "2026-11-28T09:30:02.310086Z"})]
