"""Requests and answers of models and keys, for the documentation."""

from perf.api.examples import answered, asked

FAST = {
    "id": "echo-fast",
    "name": "Echo Fast",
    "provider": "echo",
    "context_window": None,
    "max_output_tokens": None,
    "input_price": "0",
    "output_price": "0",
    "cache_read_price": None,
    "cache_write_price": None,
    "reasoning": None,
    "vision": None,
    "tools": None,
    "available": True,
    "deprecated": False,
    "checked_at": None,
}
CHANGE = {
    "changed_at": "2026-11-28T09:30:00.519862Z",
    "field": "input_price",
    "old": "3",
    "new": "2.5",
    "source": "catalogue",
}
KEY = {
    "provider": "openai",
    "override_system_key": True,
    "masked": "****cdef",
    "updated_at": "2026-11-28T09:30:00.519862Z",
}
REFRESHED = {
    "provider": "echo",
    "total": 2,
    "added": [],
    "changed": [],
    "withdrawn": [],
    "checked": False,
    "error": None,
}

MODELS = [answered({"results": [FAST, {**FAST, "id": "echo-slow", "name": "Echo Slow"}]})]
MODEL = [answered(FAST)]
KEYS = [answered({"keys": [KEY]})]
STORE_KEY = [asked({"key": "sk-0123456789abcdef", "override_system_key": True}), answered(KEY)]
SYSTEM_KEYS = [answered({"system_keys": {"anthropic": True, "gemini": False, "mistral": False, "openai": False}})]
REFRESH = [asked({"provider": "echo"}), answered({"results": [REFRESHED]})]
# A page is drawn around it.
HISTORY = [answered(CHANGE)]
