"""What many tests do: log in, make rows, read a stream, wait for another thread."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.test import APIClient

from conversations.models import Conversation, Message
from conversations.slots import ServerBusy, Slot
from llmselect_project.sessions import start_session

PASSWORD = "correct horse battery"


def client_for(user: User) -> APIClient:
    """Make a client with an access token of a session of its own."""
    return client_with(start_session(user=user).access)


def client_with(access: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def login(username: str = "ann", password: str = PASSWORD) -> dict[str, str]:
    """Log in through the front door."""
    response = APIClient().post("/api/v1/auth/login", {"username": username, "password": password})
    assert response.status_code == 200, response.content
    return response.json()


def error(code: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"error": code, "message": message, "details": details or {}}


def invalid(**details: str) -> dict[str, Any]:
    """Write the envelope of a validation error with one sentence for each field; `a__b` stands for `a.b`."""
    sentences = {field.replace("__", "."): [sentence] for field, sentence in details.items()}
    return error("invalid", "The request is not valid; details names each field.", sentences)


def conversation(user: User, messages: int = 0, **fields: Any) -> Conversation:
    """Make a conversation with so many messages a second apart, the newest at `last_message_at`."""
    moment = fields.setdefault("last_message_at", timezone.now())
    fields.setdefault("created_at", moment - timedelta(seconds=messages))
    defaults = {"provider": "openai", "model": "stub", "message_count": messages}
    row = Conversation.objects.create(user=user, **{**defaults, **fields})
    Message.objects.bulk_create(
        Message(
            conversation=row,
            role=("user", "assistant")[number % 2],
            content=f"message {number}",
            provider="openai",
            model="stub",
            created_at=moment - timedelta(seconds=messages - 1 - number),
        )
        for number in range(messages)
    )
    return row


def events(response: StreamingHttpResponse) -> list[dict[str, Any]]:
    """Read a stream to its end; comments are left out."""
    return list(each_event(response))


def each_event(response: StreamingHttpResponse) -> Iterator[dict[str, Any]]:
    for part in response.streaming_content:
        for line in part.decode().split("\n\n"):
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def chunks(received: list[dict[str, Any]]) -> list[str]:
    return [event["content"] for event in received if event["event"] == "chunk"]


def free_slots() -> int:
    """Count the calls that could begin now."""
    taken: list[Slot] = []
    try:
        while True:
            taken.append(Slot())
    except ServerBusy:
        return len(taken)
    finally:
        for slot in taken:
            slot.release()


def eventually(condition: Callable[[], bool], seconds: float = 3.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()
