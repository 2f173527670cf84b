"""Requests and answers of the choice of models, for the documentation."""

from typing import Any

from perf.api.examples import answered, asked

FAST, SLOW = {"provider": "echo", "model": "echo-fast"}, {"provider": "echo", "model": "echo-slow"}
SETTINGS_ROW = {"models": [FAST, SLOW], "default_model": FAST, "cents_for_better": 0.5, "seconds_for_better": None}
UNRATED: dict[str, Any] = {
    "score": None,
    "preference": None,
    "preference_low": None,
    "preference_high": None,
    "cost": "0",
    "time": 0.0001,
}
EXPLAINED = {
    **FAST,
    "reason": {
        "code": "too_few_votes",
        "message": "You have 0 of the 5 votes that a choice takes, so this is your default model.",
    },
    "votes": 0,
    "votes_needed": 5,
    "category": "code",
    "candidates": [
        {**FAST, "votes": 0, "probability": 1.0, **UNRATED},
        {**SLOW, "votes": 0, "probability": 0.0, **UNRATED, "time": 0.1005},
    ],
    "excluded": [],
    "compare_suggested": {"models": [FAST, SLOW], "blind": True, "probability": None},
}

SELECT = [asked({"message": "Sort a list in Python."}), answered(EXPLAINED)]
SETTINGS = [answered(SETTINGS_ROW)]
SET = [asked(SETTINGS_ROW), answered(SETTINGS_ROW)]
