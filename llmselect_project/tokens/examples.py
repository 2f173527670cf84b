"""Requests and answers of tokens, for the documentation."""

from perf.api.examples import answered, asked

LIMITS = {
    "allowed_models": ["echo/*", "anthropic/claude-sonnet-4-5"],
    "allowed_endpoints": ["chat", "conversations"],
    "read_only": False,
    "rate_limit": "30/minute",
}
EXPIRES_AT = "2100-01-01T00:00:00Z"
TOKEN = {
    "id": "01a1fc02-1403-77e4-b9eb-0a7fbeb6d5a1",
    "name": "laptop",
    "prefix": "llms_9fK2xQ",
    "state": "active",
    **LIMITS,
    "created_at": "2026-11-28T09:30:00.519862Z",
    "expires_at": EXPIRES_AT,
    "last_used_at": "2026-11-28T09:41:00Z",
}
# Of the right form, but its checksum is wrong: a scanner for leaked tokens takes it for none.
NEW = {**TOKEN, "last_used_at": None, "token": "llms_9fK2xQexampleexampleexampleexample00"}

LIST = [answered(TOKEN)]
CREATE = [asked({"name": "phone", **LIMITS, "expires_at": EXPIRES_AT}), answered(NEW, status=201)]
SHOWN = [answered(TOKEN)]
CHANGE = [asked({"name": "old laptop", "allowed_models": None, "read_only": True}), answered(TOKEN)]
