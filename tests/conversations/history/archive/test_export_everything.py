"""GET /export: all that is one's own, and nothing else, in one file."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.utils import timezone

from conversations.files.contents import place, storage
from conversations.files.service import store
from conversations.history.archive import reading
from conversations.models import Comparison, ComparisonResult, Conversation, Message
from conversations.selection.models import SelectionSettings
from llmselect_project.tokens.service import create_token
from models_registry.keys.storage import store_key
from models_registry.models import Budget
from tests.conversations.history.archive.helpers import download
from tests.helpers import client_with, conversation, invalid, say, token_for

pytestmark = pytest.mark.django_db

URL = "/api/v1/export"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOTHING = {"conversations": 0, "messages": 0, "comparisons": 0, "results": 0, "votes": 0, "files": 0}
NO_FIGURES = {
    **dict.fromkeys(("usage", "cost", "prices", "cost_source", "time", "ttft", "finish_reason", "reasoning")),
    "estimated": False,
}
FIGURES = {
    "prompt_tokens": 12,
    "completion_tokens": 7,
    "cache_read_tokens": 3,
    "cost": Decimal("0.000123456789"),
    "cost_source": "list",
    "input_price": Decimal("2.5"),
    "output_price": Decimal(10),
    "estimated": True,
    "time": 1.25,
    "ttft": 0.5,
    "reasoning": "Think.",
    "finish_reason": "length",
}
TOLD = {
    "usage": {
        "prompt_tokens": 12,
        "completion_tokens": 7,
        "cache_read_tokens": 3,
        **dict.fromkeys(("cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens")),
        **dict.fromkeys(("input_audio_tokens", "output_audio_tokens", "input_image_tokens")),
    },
    "cost": "0.000123456789",
    "prices": {"input_price": "2.5", "cache_read_price": None, "cache_write_price": None, "output_price": "10"},
    "cost_source": "list",
    "estimated": True,
    "time": 1.25,
    "ttft": 0.5,
    "reasoning": "Think.",
    "finish_reason": "length",
}
PLACE = {"provider": "openai", "model": "stub"}


def at(second):
    return (NOON + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")


def test_an_account_with_nothing(api):
    opened = download(api)
    assert opened.names == [
        "settings.json",
        *(f"{name}.jsonl" for name in ("conversations", "comparisons", "replays", "files")),
        "manifest.json",
    ]
    assert opened.manifest["counts"] == NOTHING
    assert (opened.manifest["format"], opened.manifest["version"]) == ("llmselect-export", 1)


def test_a_conversation_with_all_that_a_message_can_have(ann, api):
    row = conversation(ann, title="The\u2028sea\n😀", system="Be brief.", created_at=NOON, last_message_at=NOON)
    parts = [{"type": "text", "text": "Look"}, {"type": "image", "file": "ab", "media_type": "image/png"}]
    asked = Message.objects.create(conversation=row, role="user", content="Look", parts=parts, created_at=NOON, **PLACE)
    failed = {"error": "provider_error", "error_message": "It broke.", "request_id": "r1", "dropped_messages": 4}
    answer = Message.objects.create(
        **{"conversation": row, "role": "assistant", "content": "Wa", "status": "interrupted", **PLACE},
        **{"created_at": NOON + timedelta(seconds=1), **FIGURES, **failed},
    )
    own = {"conversation_id": str(row.pk), **PLACE}
    assert download(api).conversations == [
        {
            "type": "conversation",
            "id": str(row.pk),
            "title": "The\u2028sea\n😀",
            **PLACE,
            "system": "Be brief.",
            "created_at": at(0),
            "updated_at": row.updated_at.isoformat().replace("+00:00", "Z"),
            "last_message_at": at(0),
            "source": None,
        },
        {
            "type": "message",
            "id": str(asked.pk),
            "role": "user",
            "content": "Look",
            "parts": parts,
            **own,
            "status": "complete",
            "created_at": at(0),
            "error": None,
            "selection": None,
            "dropped_messages": None,
            **NO_FIGURES,
        },
        {
            "type": "message",
            "id": str(answer.pk),
            "role": "assistant",
            "content": "Wa",
            "parts": None,
            **own,
            "status": "interrupted",
            "created_at": at(1),
            "selection": None,
            "dropped_messages": 4,
            **TOLD,
            "error": {"error": "provider_error", "message": "It broke.", "request_id": "r1"},
        },
    ]


def test_a_comparison_with_its_vote(ann, api):
    row = Comparison.objects.create(
        user=ann, prompt="?", system="s", preferred_index=1, voted_at=NOON, analysis="b", created_at=NOON
    )
    ComparisonResult.objects.create(comparison=row, index=1, response="b", **PLACE, **FIGURES)
    ComparisonResult.objects.create(comparison=row, index=0, error="timeout", error_message="Late.", **PLACE)
    assert download(api).comparisons == [
        {
            "type": "comparison",
            "id": str(row.pk),
            "prompt": "?",
            "system": "s",
            "blind": False,
            "revealed": True,
            "preferred_index": 1,
            "both_bad": False,
            "voted_at": at(0),
            "analysis": "b",
            "attachments": None,
            "created_at": at(0),
            "replay_id": None,
            "replay_place": None,
            "results": [
                {
                    "index": 0,
                    "response": "",
                    "error": {"error": "timeout", "message": "Late."},
                    **PLACE,
                    **NO_FIGURES,
                },
                {"index": 1, "response": "b", "error": None, **PLACE, **TOLD},
            ],
        }
    ]


def test_a_blind_comparison_keeps_its_names(ann, api):
    row = Comparison.objects.create(user=ann, prompt="?", blind=True, revealed=False, both_bad=True, voted_at=NOON)
    ComparisonResult.objects.create(comparison=row, index=0, **PLACE)
    [line] = download(api).comparisons
    assert (line["blind"], line["revealed"], line["both_bad"]) == (True, False, True)
    assert line["results"][0]["model"] == "stub"


def test_the_settings_have_no_secrets(ann, api, openai):
    secret = create_token(user_id=ann.pk, name="laptop", read_only=True, rate_limit="9/min")[1]
    store_key(user=ann, provider=openai, key="sk-very-secret-0123", override_system_key=True)
    Budget.objects.create(user=ann, period="month", limit="7.50", period_start=NOON, created_at=NOON)
    SelectionSettings.objects.create(user=ann, candidates=["openai/stub"], cents_for_better=0.5)
    opened = download(api)
    assert opened.settings["account"]["username"] == "ann"
    chosen = {"candidates": ["openai/stub"], "default_model": "", "cents_for_better": 0.5, "seconds_for_better": None}
    assert opened.settings["selection"] == chosen
    assert opened.settings["budgets"] == [
        {"period": "month", "limit": "7.5", "token_name": "", "by_staff": False, "created_at": at(0)}
    ]
    [key], [token] = opened.settings["provider_keys"], opened.settings["tokens"]
    assert (key["provider"], key["override_system_key"]) == ("openai", True)
    assert (token["name"], token["read_only"], token["rate_limit"]) == ("laptop", True, "9/min")
    everything = b"".join(opened.zip.read(name) for name in opened.names)
    for each in (b"very", b"0123", secret[5:15].encode(), ann.password.encode()):
        assert each not in everything


def test_files_with_their_contents(ann, bob, api):
    made = [store(user_id=ann.pk, stream=BytesIO(text), name=f"{text[:1]}.txt") for text in (b"abc", b"abc")]
    made.append(store(user_id=ann.pk, stream=BytesIO(b"lost"), name="lost.txt"))
    store(user_id=bob.pk, stream=BytesIO(b"bob's"), name="bob.txt")
    storage().delete(place(ann.pk, made[-1].sha256))
    opened = download(api)
    first, second, lost = opened.files
    assert first == {
        "type": "file",
        "id": str(made[0].pk),
        "name": made[0].name,
        "media_type": "text/plain",
        "size": 3,
        "sha256": hashlib.sha256(b"abc").hexdigest(),
        "kept": True,
        "created_at": made[0].created_at.isoformat().replace("+00:00", "Z"),
    }
    assert (second["id"], second["sha256"], lost["kept"]) == (str(made[1].pk), first["sha256"], False)
    contents = [name for name in opened.names if name.startswith("files/")]
    assert contents == [f"files/{first['sha256']}"]
    assert opened.zip.read(contents[0]) == b"abc"


def test_nothing_of_others(ann, bob, api):
    say(conversation(bob), "bob's")
    ComparisonResult.objects.create(comparison=Comparison.objects.create(user=bob, prompt="bob's"), index=0)
    store = download(api)
    assert store.manifest["counts"] == NOTHING
    assert all(b"bob" not in store.zip.read(name) for name in store.names)


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 400, 401])
def test_conversations_of_any_length_come_whole_and_in_order(ann, api, count):
    rows = [conversation(ann, messages=each, created_at=NOON) for each in (2, count, 3)]
    lines = download(api).conversations
    expected = []
    for row in sorted(rows, key=lambda row: row.pk):  # of the same moment
        expected.append(("conversation", str(row.pk)))
        expected += [
            ("message", str(pk)) for pk in row.messages.order_by("created_at", "id").values_list("pk", flat=True)
        ]
    assert [(line["type"], line["id"]) for line in lines] == expected
    assert len(expected) == count + 8


def test_many_conversations_come_in_order_whatever_their_number(ann, api, monkeypatch):
    monkeypatch.setattr(reading, "PLACES", 7)
    monkeypatch.setattr(reading, "CONVERSATIONS", 3)
    monkeypatch.setattr(reading, "COMPARISONS", 2)
    rows = [conversation(ann, messages=number % 3, created_at=NOON + timedelta(number % 4)) for number in range(30)]
    compared = [Comparison.objects.create(user=ann, prompt="?", created_at=NOON) for _ in range(15)]
    opened = download(api)
    found = [line["id"] for line in opened.conversations if line["type"] == "conversation"]
    assert found == [str(row.pk) for row in sorted(rows, key=lambda row: (row.created_at, row.pk))]
    assert [line["id"] for line in opened.comparisons] == sorted(str(row.pk) for row in compared)


def test_a_wrong_count_of_messages_loses_none(ann, api):
    row = conversation(ann, messages=5)
    for wrong in (0, 900):
        Conversation.objects.filter(pk=row.pk).update(message_count=wrong)
        assert len(download(api).conversations) == 6


def test_markdown(ann, api):
    row = conversation(ann, messages=450, title="../Über alles: <b>", created_at=NOON)
    conversation(ann, title="", created_at=NOON + timedelta(1))
    opened = download(api, "?markdown=true")
    documents = [name for name in opened.names if name.startswith("markdown/")]
    assert documents[0] == f"markdown/2026-05-01-uber-alles-b-{row.pk}.md"
    text = opened.zip.read(documents[0]).decode()
    assert text.startswith("# ../Über alles: &lt;b>\n\n- Model: openai/stub\n")
    assert text == api.get(f"/api/v1/conversations/{row.pk}/export").getvalue().decode()
    assert opened.zip.read(documents[1]).decode().startswith("# Conversation\n")
    assert len(documents) == 2


def test_headers(api):
    response = api.get(URL)
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"] == f'attachment; filename="llmselect-{timezone.now():%Y-%m-%d}.zip"'
    assert (response.headers["Cache-Control"], response.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    response.close()


def test_refused(api, ann, visitor):
    response = api.get(f"{URL}?markdown=perhaps")
    assert (response.status_code, response.json()) == (400, invalid(markdown="Must be true or false."))
    assert visitor.get(URL).status_code == 401
    limited = client_with(token_for(ann, allowed_endpoints=["conversations"])).get(URL)
    assert (limited.status_code, limited.json()["error"]) == (403, "endpoint_not_allowed")
    reading_only = client_with(token_for(ann, name="reader", allowed_endpoints=["export"], read_only=True)).get(URL)
    assert reading_only.status_code == 200
    reading_only.close()
