"""Requests and answers of budgets, for the documentation."""

from perf.api.examples import answered, asked

ID = "019ba1d0-6f6e-7d43-8f0e-3f6d3f0c5b1a"
SHOWN = {
    "id": ID,
    "user": "ann",
    "token": None,
    "token_name": "",
    "period": "month",
    "limit": "20",
    "spent": "3.2178",
    "reserved": "0.041",
    "left": "16.7412",
    "renews_at": "2026-12-01T00:00:00Z",
    "by_staff": False,
    "created_at": "2026-11-28T09:30:00.519862Z",
}

# A page is drawn around it.
BUDGETS = [answered(SHOWN)]
BUDGET = [answered(SHOWN)]
CREATE = [asked({"period": "day", "limit": "2.50"}), answered({**SHOWN, "period": "day", "limit": "2.5"}, status=201)]
CHANGE = [asked({"limit": "25"}), answered({**SHOWN, "limit": "25"})]
