"""What pages of other origins may call, and which headers they may send and read (CORS_ORIGINS says whose pages)."""

PATHS = r"^/(api|v1|health)(/|$)"
REQUEST_HEADERS = [
    *("accept", "authorization", "content-type", "idempotency-key", "if-none-match", "x-request-id"),
    *("x-conversation-id", "x-api-key", "anthropic-version", "anthropic-beta"),
    "anthropic-dangerous-direct-browser-access",
    # What the vendors' SDKs for browsers send with every request.
    *(
        f"x-stainless-{name}"
        for name in ("arch", "async", "helper-method", "lang", "os", "package-version", "retry-count", "runtime")
    ),
    *("x-stainless-runtime-version", "x-stainless-timeout"),
]
RESPONSE_HEADERS = [
    "ETag",
    "Idempotency-Replayed",
    "Retry-After",
    "X-Cache",
    "X-Conversation-Id",
    "X-LLMSelect-Model",
    "X-LLMSelect-Reason",
    "X-Request-ID",
    "X-Response-Time",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
]
