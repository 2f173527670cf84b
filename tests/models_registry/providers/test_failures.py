"""Refusals, timeouts, unreachable providers: which error, which words, and never the key."""

import email.utils
import time
from functools import partial

import pytest
from django.test import override_settings

from models_registry.errors import APIKeyRefused, ProviderError, ProviderRateLimited, ProviderTimeout
from models_registry.providers import CLIENTS
from models_registry.providers.reading.causes import STATUSES
from tests.models_registry.providers.helpers import KEY, WIRES, ask, make, whole

EVERY = pytest.mark.parametrize("kind", WIRES)


def fail(stub, kind: str, script: str, *, stream: bool = False, key: str = KEY) -> ProviderError:
    client = make(stub, kind, key)
    with pytest.raises(ProviderError) as raised:
        (client.stream if stream else partial(whole, client))(*ask(f"stub?{script}"))
    return raised.value


@EVERY
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, ProviderError),
        (401, APIKeyRefused),
        (403, APIKeyRefused),
        (404, ProviderError),
        (422, ProviderError),
        (429, ProviderRateLimited),
    ],
)
def test_the_status_chooses_the_error_and_the_words_are_the_providers(stub, kind, stream, status, expected):
    error = fail(stub, kind, f"status={status}&message=So+it+is.", stream=stream)
    assert (type(error), str(error), error.details) == (expected, "So it is.", {"status": status})


@EVERY
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ("", 10),
        ("&retry_after=7", 7),
        ("&retry_after=1.2", 2),
        ("&retry_after=0", 1),
        ("&retry_after=999999", 3600),
        ("&retry_after=soon", 10),
        ("&retry_after=nan", 10),
        ("&retry_after_ms=2500", 3),
        ("&retry_after_ms=2500&retry_after=9", 3),
    ],
)
def test_the_wait_of_a_rate_limit(stub, kind, headers, wait):
    assert fail(stub, kind, f"status=429{headers}").wait == wait


def test_the_wait_may_be_a_date(stub):
    date = email.utils.formatdate(time.time() + 30, usegmt=True).replace(" ", "+")
    assert fail(stub, "openai", f"status=429&retry_after={date}").wait in (29, 30)


@EVERY
@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_key_is_not_in_the_message(stub, kind, stream):
    error = fail(stub, kind, "", stream=stream, key="bad-key")
    assert (type(error), str(error)) == (
        APIKeyRefused,
        "Incorrect API key provided: [key]. Find yours at http://stub/keys.",
    )


def test_the_key_is_taken_out_before_the_message_is_cut(stub):
    error = fail(stub, "openai", f"status=400&message={'x' * 490}{KEY}")
    assert KEY[:4] not in str(error)
    assert len(str(error)) == 495


def test_a_long_message_is_cut(stub):
    assert str(fail(stub, "openai", f"status=400&message={'y' * 3000}")) == "y" * 500


def test_gemini_refuses_a_key_with_400(stub):
    message = "API+key+not+valid.+Please+pass+a+valid+API+key."
    assert type(fail(stub, "gemini", f"status=400&message={message}")) is APIKeyRefused
    assert type(fail(stub, "openai", f"status=400&message={message}")) is ProviderError


@EVERY
@pytest.mark.parametrize("stream", [False, True])
def test_no_redirect_is_followed(stub, kind, stream):
    error = fail(stub, kind, f"redirect={stub.url}/elsewhere", stream=stream)
    assert str(error) == f"The provider redirects to {stub.url}/elsewhere, which is not followed."
    assert error.details == {"status": 307}
    assert len(stub.requests) == 1


@EVERY
@pytest.mark.parametrize("stream", [False, True])
@override_settings(PROVIDER_READ_TIMEOUT=0.2)
def test_silence_is_a_timeout_and_is_not_retried(stub, kind, stream):
    assert type(fail(stub, kind, "hang=first", stream=stream)) is ProviderTimeout
    assert len(stub.requests) == 1


@EVERY
@pytest.mark.parametrize("key", ["sk-é", "sk-a\nb", "sk-\0", "sk-😀"])
def test_a_key_that_cannot_be_sent_is_refused(stub, kind, key):
    error = fail(stub, kind, "", key=key)
    assert (type(error), str(error)) == (APIKeyRefused, "The API key holds characters that cannot be sent.")


@pytest.mark.parametrize("kind", ["openai_compatible", "anthropic"])
@pytest.mark.parametrize(
    "url", ["http://[::1", "ftp://host/v1", "http://a..b/v1", "http://x:99999/v1", "nonsense", "http://"]
)
def test_an_address_that_cannot_be_used(kind, url):
    client = CLIENTS[kind](api_key=KEY, base_url=url)
    with pytest.raises(ProviderError):
        whole(client, *ask())


def test_an_endpoint_without_an_address_is_an_error():
    with pytest.raises(ProviderError):
        CLIENTS["openai_compatible"](api_key=KEY).stream(*ask())


@pytest.mark.parametrize("script", ["status=400", "cut=0"])
def test_the_cause_is_not_chained_because_it_may_hold_the_key(stub, script):
    error = fail(stub, "openai", script)
    assert error.__suppress_context__ or error.__context__ is None
    assert error.__cause__ is None


def test_every_status_of_an_error_type_is_one():
    assert all(400 <= status < 600 for status in STATUSES.values())
