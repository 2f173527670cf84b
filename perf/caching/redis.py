"""Redis as the cache; replies of a replaced server are recognised, so that old data of a returning one is not used."""

import re
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT = 0.25  # seconds to connect, and to answer
ATTEMPTS = 5  # of one command, while servers replace one another

T = TypeVar("T")


class _LastReply(threading.local):
    """The server of the last reply in this thread."""

    run_id = ""


_last_reply = _LastReply()
_current = ""  # the server of the last reply in this process


class Client(redis.Redis):
    """A Redis client that notes the `run_id` of the server behind each reply."""

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        """Read a reply, and note the server of the connection."""
        response = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]
        _last_reply.run_id = connection.server_run_id
        return response


def on_connect(connection: Any) -> None:
    """Log in as redis-py does, and ask the server for its `run_id` (https://redis.io/docs/latest/commands/info/)."""
    connection.on_connect()
    connection.send_command("INFO", "server", check_health=False)
    try:
        found = re.search(rb"run_id:([0-9a-f]{12})", connection.read_response(disable_decoding=True))
    except redis.ResponseError:  # a server that refuses INFO counts as one and the same
        found = None
    connection.server_run_id = found[1].decode() if found else "-"


def same_server(command: Callable[[str], T]) -> T:
    """Return `command(run_id)`, repeated until the server with that `run_id` is the one that replied.

    The command puts the `run_id` into its keys; without Redis it is empty. Raises redis.ConnectionError if servers keep
    changing, and what the command raises.
    """
    global _current  # one Redis a process
    if not settings.REDIS_URL:
        return command("")
    for _ in range(ATTEMPTS):
        assumed = _current
        result = command(assumed)
        if _last_reply.run_id == assumed:
            return result
        _current = _last_reply.run_id
    raise redis.ConnectionError("Several Redis servers answer by turns; there must be one primary.")


def redis_cache(url: str, connections: int) -> dict[str, Any]:
    """Return the CACHES entry for a Redis; values are MessagePack, because unpickling could run code."""
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "llmselect",
        "OPTIONS": {
            "SERIALIZER": "django_redis.serializers.msgpack.MSGPackSerializer",
            "REDIS_CLIENT_CLASS": "perf.caching.redis.Client",
            "SOCKET_CONNECT_TIMEOUT": TIMEOUT,
            "SOCKET_TIMEOUT": TIMEOUT,
            "IGNORE_EXCEPTIONS": False,
            "CONNECTION_POOL_KWARGS": {
                "max_connections": connections,
                "redis_connect_func": on_connect,
                # Retries once after a broken connection, which may have been idle; never after a timeout.
                "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            },
        },
    }
