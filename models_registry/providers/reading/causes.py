"""Why a provider refused, read from what it sent: its words, its codes, its numbers."""

import re
from collections.abc import Iterator
from typing import Any

from models_registry.providers.reading.waits import texts

# The statuses that error types stand for where there is no status: in the middle of a stream.
# https://docs.anthropic.com/en/api/errors, https://platform.openai.com/docs/guides/error-codes
STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}

SENTENCES = ("error", "message", "detail", "msg", "errors", "error_message", "error_description", "title")
CODES = ("code", "type", "status", "reason")

KEY_CODES = {"invalid_api_key", "authentication_error", "permission_error", "unauthenticated", "api_key_invalid"}
KEY_WORDS = re.compile(
    r"\bapi[ _-]?keys?\b|\bkeys? (?:is|are|was|were|has|does|not)\b|credential|authenticat|(?:access|bearer|auth) token"
    r"|\binvalid token\b|authorization header",
    re.IGNORECASE,
)
PLACE_WORDS = re.compile(r"countr(?:y|ies)|\bregions?\b|territor|location is not supported", re.IGNORECASE)
MODERATION_WORDS = re.compile(r"moderation|flagged|content policy|safety|harmful", re.IGNORECASE)

QUOTA_CODES = {
    *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "arrearage"),
    *("insufficient_balance", "insufficient_credits", "insufficient_funds", "exceeded_current_quota_error"),
}
QUOTA_WORDS = re.compile(
    r"insufficient[ _](?:account )?(?:balance|credits?|funds|quota)|credit balance is too low|余额不足|overdue"
    r"|(?:out of|more|no|any|enough|used all available) credits|check your plan and billing|billing (?:hard )?limit"
    r"|payment required|account is not active",
    re.IGNORECASE,
)

CONTEXT_CODES = {
    *("context_length_exceeded", "exceed_context_size_error", "model_context_window_exceeded"),
    *("context_window_exceeded", "string_above_max_length"),
}
CONTEXT_WORDS = re.compile(
    r"maximum (?:context|prompt|input|sequence|model) length|context (?:length|window|size|limit)|prompt is too long"
    r"|input is too long|too many (?:input )?tokens|input token count|too large for model with"
    r"|`?inputs`? tokens \+|reduce the length of (?:the|your) (?:messages|prompt|input)|exceeds? the model'?s? context",
    re.IGNORECASE,
)
_NUMBER = r"\D{0,3}?(\d[\d,_]*)"
CONTEXT_LIMITS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:context|prompt|input|sequence|model) (?:length|window|size|limit)[^.\d]{{0,40}}?{_NUMBER}",
        r"> (\d[\d,_]*)",
        rf"tokens allowed{_NUMBER}",
        r"(\d[\d,_]*) (?:maximum|max) context",
        rf"(?:<=|cannot exceed|limit (?:of|is)|at most|maximum of){_NUMBER}",
    )
]
CONTEXT_PROMPTS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:resulted in|requested|contains|too long:|received|given:|token count|has|input of){_NUMBER}",
        r"(\d[\d,_]*) (?:\+ \d[\d,_]* )?>",
        r"(\d[\d,_]*) (?:input|prompt) tokens",
    )
]


def sentence(body: Any) -> str:
    """Find the sentence in an error's body; "" when there is none, as in a web page.

    Most send {"error": {"message"}}, Gemini a list of one of those, Mistral {"message"}, FastAPI servers {"detail"}.
    """
    if isinstance(body, list):
        return next(filter(None, map(sentence, body)), "")
    if isinstance(body, dict):
        found = next(filter(None, (sentence(body[name]) for name in SENTENCES if body.get(name))), "")
        place = body.get("loc")  # pydantic's
        return f"{'.'.join(map(str, place))}: {found}" if found and isinstance(place, list) else found
    return body.strip() if isinstance(body, str) and not body.lstrip().startswith("<") else ""


def codes(body: Any) -> Iterator[str]:
    """Yield the words that an error names itself by, in lower case."""
    if isinstance(body, list):
        for item in body:
            yield from codes(item)
    elif isinstance(body, dict):
        yield from (body[name].lower() for name in CODES if isinstance(body.get(name), str))
        for value in body.values():
            yield from codes(value)


def reported_status(error: Any) -> int | None:
    """Read the status out of an error object: OpenRouter's code is one, others name a type."""
    if not isinstance(error, dict):
        return None
    for name in ("code", "type", "status", "status_code"):
        value = error.get(name)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, int) and 400 <= value < 600:
            return value
        if isinstance(value, str) and value in STATUSES:
            return STATUSES[value]
    return None


def is_about_the_key(body: Any) -> bool:
    """Tell whether a refusal with 403 says that it is for the key: not for the place, the prompt or a firewall."""
    text = sentence(body)
    if PLACE_WORDS.search(text) or MODERATION_WORDS.search(text):
        return False
    return not KEY_CODES.isdisjoint(codes(body)) or KEY_WORDS.search(text) is not None


def is_about_money(body: Any) -> bool:
    """Tell whether the account has used up what it may spend, so that waiting does not help."""
    return not QUOTA_CODES.isdisjoint(codes(body)) or QUOTA_WORDS.search(sentence(body)) is not None


def names_quota(body: Any) -> bool:
    """Tell whether a code says so, which counts even beside a time to wait."""
    return not QUOTA_CODES.isdisjoint(codes(body))


def is_about_context(body: Any) -> bool:
    """Tell whether the prompt is longer than what the model holds."""
    return not CONTEXT_CODES.isdisjoint(codes(body)) or any(CONTEXT_WORDS.search(text) for text in texts(body))


def context_numbers(body: Any) -> tuple[int | None, int | None]:
    """Find how many tokens the model holds and how many the prompt has, where an overflow says so."""
    fields = dict(_fields(body))
    limit, prompt = fields.get("n_ctx"), fields.get("n_prompt_tokens")  # llama.cpp's
    text = sentence(body)
    limit = limit or _first(CONTEXT_LIMITS, text)
    prompt = prompt or _first(CONTEXT_PROMPTS, text)
    numbers = sorted({number for number in map(_integer, re.findall(r"\d[\d,_]*", text)) if number >= 100})
    if len(numbers) == 2 and (limit is None or prompt is None or limit == prompt):
        limit, prompt = numbers
    return limit, prompt if prompt != limit else None


def _fields(body: Any) -> Iterator[tuple[str, int]]:
    if isinstance(body, list):
        for item in body:
            yield from _fields(item)
    elif isinstance(body, dict):
        for name, value in body.items():
            if isinstance(value, int) and not isinstance(value, bool):
                yield name, value
            else:
                yield from _fields(value)


def _first(patterns: list[re.Pattern[str]], text: str) -> int | None:
    found = (match for pattern in patterns if (match := pattern.search(text)))
    return next((_integer(match[1]) for match in found), None)


def _integer(text: str) -> int:
    return int(re.sub(r"\D", "", text))
