"""What many tests do: log in, make rows, read a stream, wait for another thread."""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.test import APIClient

from conversations.completions.concurrency import ServerBusy, Slot
from conversations.models import Conversation, Message
from llmselect_project.accounts.sessions import start_session
from llmselect_project.tokens.service import create_token
from perf.serving.health import pool_stats

Result = TypeVar("Result")

PASSWORD = "correct horse battery"


def client_for(user: User) -> APIClient:
    """Make a client with an access token of a session of its own."""
    return client_with(start_session(user=user).access)


def client_with(access: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def token_for(user: User, name: str = "laptop", **limits: Any) -> str:
    """Make an API token of a user."""
    return create_token(user_id=user.pk, name=name, **limits)[1]


def login(username: str = "ann", password: str = PASSWORD) -> dict[str, str]:
    """Log in through the front door."""
    response = APIClient().post("/api/v1/auth/login", {"username": username, "password": password})
    assert response.status_code == 200, response.content
    return response.json()


def bearer(username: str = "ann") -> dict[str, str]:
    """Log in, and write the header by which a client of a real server says so."""
    return {"Authorization": f"Bearer {login(username)['access']}"}


def cache_state(client: APIClient, path: str = "/api/v1/conversations") -> str:
    """Read a list and return whether it came from the cache: `hit` or `miss`."""
    response = client.get(path)
    assert response.status_code == 200
    return response.headers["X-Cache"]


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


def say(row: Conversation, *texts: str) -> list[Message]:
    """Add messages to a conversation, a second apart; the figures kept on it stay as they are."""
    return Message.objects.bulk_create(
        Message(
            conversation=row,
            role="user",
            content=text,
            provider="openai",
            model="stub",
            created_at=row.created_at + timedelta(seconds=number),
        )
        for number, text in enumerate(texts)
    )


def usage(prompt: int, completion: int, **counts: int) -> dict[str, int | None]:
    """Write the counts of a call; what is not given is not reported."""
    others: dict[str, int | None] = dict.fromkeys(("cache_read_tokens", "cache_write_tokens", "reasoning_tokens"))
    return {"prompt_tokens": prompt, "completion_tokens": completion, **others, **counts}


def priced(
    prompt: int | None = None,
    completion: int | None = None,
    cost: str | None = None,
    source: str | None = None,
    *,
    estimated: bool = False,
) -> dict[str, Any]:
    """Write what a message or result says of its call's tokens and cost."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "usage": None if prompt is None or completion is None else usage(prompt, completion),
        "cost": cost,
        "cost_source": source,
        "estimated": estimated,
    }


def events(response: StreamingHttpResponse) -> list[dict[str, Any]]:
    """Read a stream to its end; comments are left out."""
    return list(each_event(response))


def each_event(response: StreamingHttpResponse) -> Iterator[dict[str, Any]]:
    for part in response.streaming_content:
        for line in part.decode().split("\n"):
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


def checked_out() -> int | None:
    """Count the connections that are out of the pool, among them that of the thread which asks; None without a pool."""
    connection.ensure_connection()
    return pool_stats()["checked_out"]


def holds_a_connection() -> bool:
    """Tell whether this thread keeps a connection out of a pool."""
    return connection.connection is not None and bool(connection.settings_dict["OPTIONS"].get("pool"))


def closing_connection(act: Callable[[], Result]) -> Result:
    """Act as a request's thread does, giving the connection back at the end."""
    try:
        return act()
    finally:
        connection.close()


def eventually(condition: Callable[[], bool], seconds: float = 3.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def process_environment(**more: str) -> dict[str, str]:
    """Write the environment of a process that works on the tests' database."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        host, port = database["HOST"] or "127.0.0.1", database["PORT"] or 5432
        url = f"postgres://{quote(database['USER'])}:{quote(database['PASSWORD'])}@{host}:{port}/{database['NAME']}"
    keys = {"SECRET_KEY": settings.SECRET_KEY, "DJANGO_ENV": "testing"}
    return {**os.environ, **keys, "DATABASE_URL": url, **more}
