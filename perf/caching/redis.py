"""Redis as the cache: which server answered, so that one that comes back with old data is not believed."""

import re
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT = 0.25  # seconds to connect, and to answer
ATTEMPTS = 5  # servers that may take over from one another while one command is given

Result = TypeVar("Result")


class _Answered(threading.local):
    """Which server gave this thread its last answer."""

    run_id = ""


_answered = _Answered()
_known = ""  # the server that gave this process its last answer


class Client(redis.Redis):
    """A Redis client that notes the `run_id` of the server behind each answer."""

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        """Read an answer; the connection knows whose it is, since it ends with its server."""
        response = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]
        _answered.run_id = connection.server_run_id
        return response


def introduce(connection: Any) -> None:
    """Log in as redis-py does, and ask the server for its `run_id` (https://redis.io/docs/latest/commands/info/)."""
    connection.on_connect()
    connection.send_command("INFO", "server", check_health=False)
    try:
        found = re.search(rb"run_id:([0-9a-f]{12})", connection.read_response(disable_decoding=True))
    except redis.ResponseError:  # a server that does not say is taken for the same one for ever
        found = None
    connection.server_run_id = found[1].decode() if found else "-"


def same_server(command: Callable[[str], Result]) -> Result:
    """Return `command(run_id)`, repeated until the server that answered is the one whose `run_id` it was given.

    Its keys hold the `run_id`. Without Redis that is empty. Raises redis.ConnectionError when servers keep changing.
    """
    global _known  # one Redis a process
    if not settings.REDIS_URL:
        return command("")
    for _ in range(ATTEMPTS):
        assumed = _known
        result = command(assumed)
        if _answered.run_id == assumed:
            return result
        _known = _answered.run_id
    raise redis.ConnectionError("Redis servers take turns in answering; there must be one primary.")


def redis_cache(url: str, connections: int) -> dict[str, Any]:
    """Write the CACHES entry for a Redis; values are MessagePack, so that nothing is unpickled."""
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
                "redis_connect_func": introduce,
                # A connection that broke while idle is made anew at once; a server that is slow is not asked again.
                "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            },
        },
    }
