"""Requests and answers of comparisons, for the documentation."""

from typing import Any

from conversations.completions.streams.examples import events, started
from conversations.history.examples import USAGE
from perf.api.examples import answered, asked

FAST, SLOW = {"provider": "echo", "model": "echo-fast"}, {"provider": "echo", "model": "echo-slow"}
PROMPT = "Name rivers."
REQUEST = {"prompt": PROMPT, "models": [FAST, SLOW]}
FIRST: dict[str, Any] = {
    "index": 0,
    **FAST,
    "response": PROMPT,
    "error": None,
    "time": 0.0001,
    "ttft": 0.0001,
    "reasoning": None,
    "finish_reason": "stop",
    "prompt_tokens": 2,
    "completion_tokens": 2,
    "usage": {**USAGE, "prompt_tokens": 2, "completion_tokens": 2},
    "cost": "0",
    "cost_source": "list",
    "estimated": False,
}
SECOND: dict[str, Any] = {**FIRST, "index": 1, **SLOW, "time": 0.1005, "ttft": 0.0502}
COMPARISON: dict[str, Any] = {
    "id": "019aca8d-96ff-7164-a7aa-5e95759ad640",
    "prompt": PROMPT,
    "attachments": None,
    "blind": False,
    "revealed": True,
    "preferred_index": None,
    "both_bad": False,
    "voted_at": None,
    "analysis": None,
    "created_at": "2026-11-28T09:30:00.143129Z",
    "results": [FIRST, SECOND],
}
VOTED = {**COMPARISON, "preferred_index": 0, "voted_at": "2026-11-28T09:31:10.420099Z"}
STREAMED = [
    {"event": "start", "comparison_id": COMPARISON["id"], "total": 2, **started("compare")},
    {"event": "chunk", "index": 0, **FAST, "chunk": "Name ", "time": 0.0001},
    {"event": "chunk", "index": 0, **FAST, "chunk": "rivers.", "time": 0.0001},
    {"event": "complete", **FIRST},
    {"event": "chunk", "index": 1, **SLOW, "chunk": "Name ", "time": 0.0503},
    {"event": "chunk", "index": 1, **SLOW, "chunk": "rivers.", "time": 0.1005},
    {"event": "complete", **SECOND},
    {"event": "done", "comparison_id": COMPARISON["id"]},
]
STANDING = {
    **FAST,
    "rating": None,
    "rating_low": None,
    "rating_high": None,
    "votes_needed": 4,
    "wins": 1,
    "losses": 0,
    "ties": 0,
    "both_bad": 0,
    "comparisons": 1,
    "win_rate": 1.0,
    "avg_cost": "0",
    "p50_ttft": 0.0001,
    "p95_time": 0.0001,
}
BEHIND = {**STANDING, **SLOW, "wins": 0, "losses": 1, "win_rate": 0.0, "p50_ttft": 0.0502, "p95_time": 0.1005}

COMPARE = [asked(REQUEST), answered(COMPARISON)]
FOLLOWED = [answered(events(STREAMED), media_type="text/event-stream")]
STREAM = [asked(REQUEST), *FOLLOWED]
SHOWN = [answered(COMPARISON)]
DETAIL = [answered({**COMPARISON, "running": None})]
VOTE = [asked({"preferred_index": 0}), answered(VOTED)]
# A model that only repeats what it is asked is no judge; this is what one writes.
ANALYZE = [asked(FAST), answered({**VOTED, "analysis": "Answer 1 and Answer 2 are equally good: they are the same."})]
LEADERBOARD = [answered({"results": [STANDING, BEHIND]})]
PAIR = {**FAST, "against": SLOW, "wins": 1, "losses": 0, "ties": 0}
PAIRS = [answered({"results": [PAIR, {**SLOW, "against": FAST, "wins": 0, "losses": 1, "ties": 0}]})]
