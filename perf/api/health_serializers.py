"""Serializers of the health endpoints."""

from typing import Any

from rest_framework import serializers


class _Database(serializers.Serializer[Any]):
    connected = serializers.BooleanField()
    pool_size = serializers.IntegerField(allow_null=True, help_text="connections open or being opened; null on SQLite")
    checked_out = serializers.IntegerField(allow_null=True)


class _Cache(serializers.Serializer[Any]):
    connected = serializers.BooleanField()


class Health(serializers.Serializer[Any]):
    """Whether the server can do its work."""

    status = serializers.ChoiceField(choices=["ok", "degraded", "error"])
    timestamp = serializers.DateTimeField()
    environment = serializers.CharField()
    version = serializers.CharField()
    database = _Database()
    cache = _Cache()


def _figure(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(allow_null=True, help_text=help_text)


class _DetailedDatabase(_Database):
    vendor = serializers.CharField()
    latency = serializers.FloatField(allow_null=True, help_text="seconds to connect and ask")
    writable = serializers.BooleanField(help_text="false while it is full or read-only; `error` says why")
    error = serializers.CharField(allow_null=True)
    pool_min = _figure("DB_POOL_MIN_SIZE")
    pool_max = _figure("DB_POOL_MAX_SIZE")
    available = _figure("connections ready to be taken")
    waiting = _figure("threads that wait for one now")
    requests = _figure("checkouts since the worker began")
    wait_time = serializers.FloatField(allow_null=True, help_text="seconds that all checkouts took together")
    timeouts = _figure("checkouts answered with 503 database_busy")
    refused = _figure("checkouts refused at once because the database was known to be down")
    connection_errors = _figure("attempts to connect that failed")


class _DetailedCache(_Cache):
    backend = serializers.ChoiceField(choices=["redis", "locmem"])
    writable = serializers.BooleanField(help_text="false also when it is full")
    latency = serializers.FloatField(allow_null=True, help_text="seconds to read and write")
    error = serializers.CharField(allow_null=True)


class DetailedHealth(Health):
    """Health with its reasons; pool figures are those of the worker that answers."""

    uptime = serializers.FloatField(help_text="seconds")
    pid = serializers.IntegerField()
    database = _DetailedDatabase()
    cache = _DetailedCache()
    pending_migrations = serializers.ListField(child=serializers.CharField(), allow_null=True)
