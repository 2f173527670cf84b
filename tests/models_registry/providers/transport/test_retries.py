"""What is tried again, how often, and what is not."""

import time

import pytest

from models_registry.errors import ProviderError
from tests.models_registry.providers.helpers import ask, drain, make, whole


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize("status", [500, 503, 529, 0])
def test_a_short_failure_is_not_seen(stub, kind, status):
    assert whole(make(stub, kind), *ask(f"stub?status={status}&fail=1&id=a")).text == "hello you there"
    assert len(stub.requests) == 2
    assert stub.requests[0].body == stub.requests[1].body


def test_a_stream_is_retried_before_its_first_byte(stub):
    assert drain(make(stub, "openai").stream(*ask("stub?fail=2&id=a"))) == (["hello ", "you ", "there"], None)
    assert len(stub.requests) == 3


def test_the_third_failure_is_reported(stub):
    started = time.monotonic()
    with pytest.raises(ProviderError, match="The stub was asked for a 502") as raised:
        whole(make(stub, "openai"), *ask("stub?status=502"))
    assert raised.value.details == {"status": 502}
    assert len(stub.requests) == 3
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "script", ["status=429&retry_after=1", "status=408", "status=409", "status=501", "status=500&should_retry=false"]
)
def test_other_refusals_are_reported_at_once(stub, script):
    with pytest.raises(ProviderError):
        whole(make(stub, "openai"), *ask(f"stub?{script}"))
    assert len(stub.requests) == 1


def test_a_stream_that_broke_is_not_started_again(stub):
    _, error = drain(make(stub, "openai").stream(*ask("stub?cut=1")))
    assert isinstance(error, ProviderError)
    assert len(stub.requests) == 1
