"""Serializers of figures; durations are in seconds, rates from 0 to 1."""

from typing import Any

from rest_framework import serializers

from perf.pages.sections import SECTIONS
from perf.timing.request_stats import PARTS


class Times(serializers.Serializer[Any]):
    """How long something took; null of nothing."""

    count = serializers.IntegerField()
    total = serializers.FloatField()
    mean = serializers.FloatField(allow_null=True)
    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    p99 = serializers.FloatField(allow_null=True)


class Range(serializers.Serializer[Any]):
    """What the figures are of."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    seconds = serializers.FloatField()


class HistoryPoint(serializers.Serializer[Any]):
    """The requests of a minute or an hour."""

    start = serializers.DateTimeField()
    seconds = serializers.FloatField()
    times = Times()
    failed = serializers.IntegerField()


class RequestRow(serializers.Serializer[Any]):
    """The requests of a route and method; `queries`, `database_time` and `pool_wait` are of one request."""

    method = serializers.CharField()
    route = serializers.CharField()
    times = Times()
    requests_per_second = serializers.FloatField()
    statuses = serializers.DictField(child=serializers.IntegerField())
    failed = serializers.IntegerField()
    error_rate = serializers.FloatField()
    queries = serializers.FloatField()
    database_time = serializers.FloatField()
    pool_wait = serializers.FloatField()
    streams = Times(allow_null=True)


class SlowRequest(serializers.Serializer[Any]):
    """A request over the threshold."""

    at = serializers.DateTimeField()
    duration = serializers.FloatField()
    method = serializers.CharField()
    route = serializers.CharField()
    status = serializers.IntegerField()
    query_count = serializers.IntegerField()
    database_time = serializers.FloatField()
    pool_wait = serializers.FloatField()
    user_id = serializers.IntegerField(allow_null=True)
    request_id = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """Add the parts of a request's time that apps measure; null where they were not yet measured."""
        return {**super().get_fields(), **{part.name: serializers.FloatField(allow_null=True) for part in PARTS}}


class RequestFigures(Range):
    """Requests of all workers, times in the application."""

    in_flight = serializers.IntegerField()
    requests_per_second = serializers.FloatField()
    error_rate = serializers.FloatField()
    times = Times()
    history = HistoryPoint(many=True)
    results = RequestRow(many=True)
    slow = SlowRequest(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Add the sections of apps."""
        return {**super().get_fields(), **{section.name: section.serializer(many=True) for section in SECTIONS}}


class QueryRow(serializers.Serializer[Any]):
    """The statements of one shape; `rows` are of one statement, null where unknown."""

    id = serializers.CharField()
    fingerprint = serializers.CharField()
    origin = serializers.CharField()
    times = Times()
    failed = serializers.IntegerField()
    rows = serializers.FloatField(allow_null=True)
    routes = serializers.DictField(child=serializers.IntegerField())
    slowest = serializers.FloatField()
    slowest_at = serializers.DateTimeField()
    slowest_route = serializers.CharField()
    slowest_example = serializers.CharField()


class Suspect(serializers.Serializer[Any]):
    """A route that sends one shape ten times or more in a request."""

    route = serializers.CharField()
    id = serializers.CharField()
    fingerprint = serializers.CharField()
    requests = serializers.IntegerField()
    worst_count = serializers.IntegerField()
    worst_at = serializers.DateTimeField()


class SlowQuery(serializers.Serializer[Any]):
    """A statement over the threshold, without values."""

    at = serializers.DateTimeField()
    duration = serializers.FloatField()
    sql = serializers.CharField()
    route = serializers.CharField()


class QueryFigures(Range):
    """Statements of all workers."""

    results = QueryRow(many=True)
    n_plus_one = Suspect(many=True)
    slow = SlowQuery(many=True)
    pool_wait = Times()


class CacheRow(serializers.Serializer[Any]):
    """The lookups of a cache namespace."""

    namespace = serializers.CharField()
    hits = serializers.IntegerField()
    misses = serializers.IntegerField()
    hit_rate = serializers.FloatField()
    times = Times()


class CacheFigures(Range):
    """Cache lookups of all workers."""

    results = CacheRow(many=True)
