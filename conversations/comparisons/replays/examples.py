"""Requests and answers of sets of prompts and replays, for the documentation."""

from typing import Any

from conversations.comparisons.examples import COMPARISON
from perf.api.examples import answered, asked

SET_ID, REPLAY_ID = "019aca8d-96d9-7132-a97b-13ad0fb5731c", "019aca8d-96d9-7133-a97b-13ad0fb5731d"
FAST, SLOW = {"provider": "echo", "model": "echo-fast"}, {"provider": "echo", "model": "echo-slow"}
PROMPT = {
    "question_id": "81",
    "category": "writing",
    "turns": ["Write a travel post on Hawaii.", "Begin each sentence with A."],
}
AT = "2026-11-28T09:30:00.105846Z"
SUMMARY = {"id": SET_ID, "name": "MT-bench", "count": 1, "created_at": AT, "updated_at": AT}
SHOWN_SET = {**SUMMARY, "prompts": [PROMPT]}

NO_FIGURES = {"count": 0, "avg_cost": None, "p50_time": None, "p50_ttft": None}
OUTCOME: dict[str, Any] = {
    **SLOW,
    "would_have_won": "open",
    "wins": 0,
    "losses": 0,
    "ties": 0,
    "both_bad": 0,
    "failed": 0,
    "waiting": 0,
    "win_rate": None,
    "win_rate_low": None,
    "win_rate_high": None,
    "answers": NO_FIGURES,
    "winners": NO_FIGURES,
}
WAITING: dict[str, Any] = {
    "id": REPLAY_ID,
    "state": "waiting",
    "models": [SLOW],
    "source": {"type": "set", "tag": None, "set": SET_ID},
    "blind": True,
    "total": 1,
    "done": 0,
    "skipped": {},
    "interrupted": 0,
    "budget": "0.5",
    "spent": "0",
    "stopped": None,
    "error": None,
    "created_at": AT,
    "started_at": None,
    "finished_at": None,
}
BEGUN = {**WAITING, "results": [OUTCOME], "to_vote": []}
DONE = {
    **WAITING,
    "state": "done",
    "done": 1,
    "started_at": "2026-11-28T09:30:02.110086Z",
    "finished_at": "2026-11-28T09:30:04.310086Z",
}
ENDED = {
    **DONE,
    "results": [
        {**OUTCOME, "answers": {"count": 1, "avg_cost": "0", "p50_time": 0.4011, "p50_ttft": 0.0503}},
    ],
    "to_vote": [],
}
ROW = {
    "place": 0,
    "comparison": COMPARISON["id"],
    "prompt": "Write a travel post on Hawaii.",
    "hidden": False,
    "voted_at": None,
    "preferred_index": None,
    "answers": [{"index": 0, **SLOW, "failed": False, "cost": "0", "time": 0.4011}],
}
AS_CSV = """\
place,comparison,prompt,index,provider,model,response,error,cost,time,ttft,preferred\r
"""

SETS = [answered(SUMMARY)]
MAKE_SET = [asked({"name": "MT-bench", "prompts": [PROMPT]}), answered(SHOWN_SET, status=201)]
SET = [answered(SHOWN_SET)]
CHANGE_SET = [asked({"name": "MT-bench"}), answered(SHOWN_SET)]
REPLAYS = [answered(DONE)]
BEGIN = [
    asked({"models": [SLOW], "source": {"type": "set", "set": SET_ID}, "limit": 80, "budget": "0.5", "blind": True}),
    answered(BEGUN, status=202),
]
REPLAY = [answered(ENDED)]
CANCELLED = [answered({**BEGUN, "state": "cancelled", "finished_at": "2026-11-28T09:30:02.310086Z"})]
TABLE = [answered({"results": [ROW]}), answered(AS_CSV, media_type="text/csv")]
