"""How long to wait, wherever a vendor says it."""

import email.utils
import time
from datetime import UTC, datetime, timedelta

import pytest

from models_registry.errors import ProviderQuotaExceeded, ProviderRateLimited
from models_registry.providers.reading.waits import asked_wait
from tests.models_registry.providers.helpers import ask, document, drain, make


def retry_info(delay):
    kinds = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    return [{"error": {"code": 429, "message": "Quota.", "details": [{"reason": "RATE_LIMIT_EXCEEDED"}, kinds]}}]


SAID = {
    "seconds": ({"retry-after": "7"}, {}, 7),
    "seconds and a half": ({"Retry-After": "1.5"}, {}, 1.5),
    "milliseconds": ({"retry-after-ms": "2500", "retry-after": "9"}, {}, 2.5),
    "a duration": ({"retry-after": "1m30s"}, {}, 90),
    "Google's": ({}, retry_info("37.8s"), 37.8),
    "Google's minutes": ({}, retry_info("1m30s"), 90),
    "Google's seconds as a number": ({}, retry_info({"seconds": 12}), 12),
    "the header before Google's": ({"retry-after": "5"}, retry_info("37s"), 5),
    "OpenAI's": ({"x-ratelimit-reset-requests": "6m0s"}, {}, 360),
    "the limit that is used up": (
        {
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "6m0s",
            "x-ratelimit-remaining-tokens": "900",
            "x-ratelimit-reset-tokens": "20ms",
        },
        {},
        360,
    ),
    "the soonest of unknown ones": (
        {"x-ratelimit-reset-requests": "1h2m3s", "x-ratelimit-reset-tokens": "120ms"},
        {},
        0.12,
    ),
    "Groq's": ({"x-ratelimit-reset-tokens": "7.66s"}, {}, 7.66),
    "Azure's": ({"x-ratelimit-reset-requests": "12"}, {}, 12),
    "a sentence": ({}, {"error": {"message": "Rate limit. Please try again in 1m2.5s. Visit x."}}, 62.5),
    "a sentence in seconds": ({}, {"error": {"message": "Please retry after 20 seconds."}}, 20),
    "nothing": ({}, {"error": {"message": "slow"}}, None),
    "no time": ({"retry-after": "soon"}, {}, None),
    "no number": ({"retry-after": "nan", "retry-after-ms": "inf"}, {}, None),
}


@pytest.mark.parametrize("said", SAID)
def test_it_is_found(said):
    headers, body, seconds = SAID[said]
    assert asked_wait(headers, body) == (None if seconds is None else pytest.approx(seconds))


MOMENTS = {
    "an HTTP date": ("retry-after", lambda later: email.utils.format_datetime(later, usegmt=True)),
    "Anthropic's": ("anthropic-ratelimit-requests-reset", lambda later: later.isoformat().replace("+00:00", "Z")),
    "seconds since 1970": ("x-ratelimit-reset", lambda later: str(int(later.timestamp()))),
    "OpenRouter's milliseconds": ("x-ratelimit-reset", lambda later: str(int(later.timestamp() * 1_000))),
}


@pytest.mark.parametrize("kind", MOMENTS)
def test_a_moment(kind):
    name, write = MOMENTS[kind]
    assert asked_wait({name: write(datetime.now(UTC) + timedelta(seconds=90))}, {}) == pytest.approx(90, abs=2)


@pytest.mark.parametrize(
    ("asked", "wait", "words", "details"),
    [
        ("0", 1, "1 s", {}),
        ("37.8", 38, "38 s", {}),
        ("360", 360, "6 min", {}),
        ("3600", 3_600, "1 h", {}),
        ("95700", 3_600, "26 h 35 min", {"retry_after": 95_700}),
    ],
)
def test_it_is_capped_at_an_hour_and_told_true(stub, asked, wait, words, details):
    stub.recordings["m"] = document({"error": {"message": "Slow down."}}, 429, retry_after=asked)
    with pytest.raises(ProviderRateLimited) as raised:
        drain(make(stub, "openai").stream(*ask("m")))
    assert (raised.value.wait, raised.value.details) == (wait, {"status": 429, **details})
    assert str(raised.value) == f"Slow down. The provider asks to wait {words}."


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
@pytest.mark.parametrize("headers", [{}, {"retry_after": "20"}])
def test_a_quota_is_not_waited_for(stub, code, headers):
    stub.recordings["m"] = document({"error": {"message": "No money.", "code": code}}, 429, **headers)
    started = time.monotonic()
    with pytest.raises(ProviderQuotaExceeded, match=r"^No money\.$") as raised:
        drain(make(stub, "openai").stream(*ask("m")))
    assert not hasattr(raised.value, "wait")
    assert (len(stub.requests), time.monotonic() - started < 5) == (1, True)
