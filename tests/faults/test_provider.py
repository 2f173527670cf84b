"""A provider that fails in every way, seen from the API: a clear error in time, what came is kept, nothing is stuck."""

import socket
import threading

import pytest

from conversations.models import ComparisonResult, Conversation, Message
from tests.helpers import chunks, events, eventually, free_slots

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 0.25  # seconds of silence
PROMPT = "hello you there"
HALF, CUT = "hello you ", "x" * 1_000_000

# The script; status and code of a chat; code of a stream, None when it is done; what arrived, whole and streamed.
FAULTS = {
    "refuses the key": ("status=401", 409, "api_key_refused", "api_key_refused", "", ""),
    "limits the rate": (
        "status=429&retry_after=7",
        429,
        "provider_rate_limited",
        "provider_rate_limited",
        "",
        "",
    ),
    "fails twice, then answers": ("status=500&fail=2&id=a", 200, None, None, PROMPT, PROMPT),
    "fails for good": ("status=500", 502, "provider_error", "provider_error", "", ""),
    "hangs before the first byte": ("hang=first", 504, "provider_timeout", "provider_timeout", "", ""),
    "hangs in the middle": ("hang=mid", 504, "provider_timeout", "provider_timeout", HALF, HALF),
    "sends what is no JSON": ("garbage=1", 502, "provider_error", "provider_error", HALF, HALF),
    "sends another shape": ("garbage=shape", 502, "provider_error", "provider_error", HALF, HALF),
    "sends a web page": ("garbage=html", 502, "provider_error", "provider_error", "", ""),
    "closes before any byte": ("cut=0", 502, "provider_error", "provider_error", "", ""),
    "closes in the middle": ("cut=2", 502, "provider_error", "provider_error", HALF, HALF),
    "sends 10 MB": ("size=10000000", 200, None, "provider_error", CUT, CUT),
    "sends NUL and lone surrogates": ("nul=1&surrogate=1", 200, None, None, f"{PROMPT}😀\ufffdx", f"{PROMPT}😀\ufffdx"),
}
EVERY = pytest.mark.parametrize("fault", FAULTS)


@pytest.fixture(autouse=True)
def nothing_is_stuck(openai, settings):
    settings.PROVIDER_READ_TIMEOUT = LIMIT
    yield
    assert free_slots() == settings.COMPLETION_SLOTS
    assert eventually(lambda: not [thread for thread in threading.enumerate() if thread.name == "provider-reader"])


def body(script):
    return {"provider": "openai", "model": f"stub?{script}", "message": PROMPT}


def kept(text, *, whole):
    """Check what a chat stored, and that its counter agrees."""
    user, answer = Message.objects.order_by("created_at")
    broken = "interrupted" if text else "error"
    assert (user.role, user.content, user.status) == ("user", PROMPT, "complete")
    assert (answer.role, answer.content, answer.status) == ("assistant", text, "complete" if whole else broken)
    assert Conversation.objects.get().message_count == 2


@EVERY
def test_chat(api, fault, settings):
    script, status, code, _, text, _ = FAULTS[fault]
    if "size" in script:  # which the provider has to write before its first byte
        settings.PROVIDER_READ_TIMEOUT = 5
    response = api.post("/api/v1/chat", body(script))
    answer = response.json()
    assert (response.status_code, answer.get("error")) == (status, code), answer
    assert answer["message"]
    assert response.headers.get("Retry-After") == ("7" if status == 429 else None)
    kept(text, whole=status == 200 and text != CUT)


@EVERY
def test_stream(api, fault):
    script, _, _, code, _, text = FAULTS[fault]
    response = api.post("/api/v1/chat/stream", body(script))
    received = events(response)
    response.close()
    assert (received[0]["event"], received[-1]["event"]) == ("start", "error" if code else "done")
    assert (received[-1].get("error"), "".join(chunks(received))) == (code, text)
    assert [event["event"] for event in received[1:-1]] == ["chunk"] * (len(received) - 2)
    kept(text, whole=code is None)


@EVERY
def test_compare(api, fault):
    script, _, _, code, _, text = FAULTS[fault]
    models = [{"provider": "openai", "model": f"stub?{script}"}, {"provider": "openai", "model": "stub"}]
    response = api.post("/api/v1/compare", {"prompt": PROMPT, "models": models})
    bad, good = response.json()["results"]
    assert (response.status_code, good["response"], good["error"]) == (200, PROMPT, None)
    assert (bad["response"], (bad["error"] or {}).get("error")) == (text, code)
    stored = ComparisonResult.objects.order_by("index").values_list("response", "error")
    assert list(stored) == [(text, code or ""), (PROMPT, "")]


@pytest.mark.parametrize("path", ["chat", "chat/stream"])
def test_it_sends_ten_thousand_tiny_pieces_at_once(api, openai, path):
    """Each is an event of its own, all of them are kept, and lists are answered meanwhile."""
    free = free_slots()
    response = api.post(
        f"/api/v1/{path}", {"provider": "openai", "model": "stub?size=10000&chunks=10000", "message": "x"}
    )
    if path == "chat/stream":
        assert api.get("/api/v1/conversations").status_code == 200
        assert chunks(events(response)) == ["x"] * 10_000
    assert Message.objects.get(role="assistant").content == "x" * 10_000
    assert free_slots() == free


@pytest.mark.parametrize("path", ["chat", "chat/stream"])
def test_it_is_not_there(api, settings, path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        settings.PROVIDER_BASE_URLS = {"openai": f"http://{address}/v1"}
        response = api.post(f"/api/v1/{path}", body(""))
        answer = events(response)[-1] if response.streaming else response.json()
    assert response.status_code == (200 if response.streaming else 502)
    said = f"Could not reach {address}: connection refused."
    assert (answer["error"], answer["message"]) == ("provider_error", said)
    kept("", whole=False)
