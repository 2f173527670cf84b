"""Requests and answers of shares, for the documentation."""

from conversations.history.examples import ID as CONVERSATION_ID
from perf.api.examples import answered, asked

ID = "019aca8e-4b1f-7d02-8a6e-5e1d7b0c9f33"
SHARE = {
    "id": ID,
    "url": "https://llm.example.org/s/AZrKjksffQKKbl4dewyfM2nVTl1kqv0bQ1u0yDdP2dA",
    "conversation_id": CONVERSATION_ID,
    "follow": False,
    "system": False,
    "created_at": "2026-11-28T09:31:00.110086Z",
    "expires_at": "2026-12-05T09:31:00.109412Z",
}
CREATE = [asked({"follow": False, "expires_in": 604_800}), answered(SHARE, status=201)]
LIST = [answered(SHARE)]
