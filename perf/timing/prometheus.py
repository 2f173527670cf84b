"""The figures of all workers in the text format of Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from perf.timing import kinds
from perf.timing.figures import load
from perf.timing.kinds import Key, Kind
from perf.timing.stores import store
from perf.timing.totals import BOUNDS, Numbers, Totals, summed

CONTENT_TYPE = CONTENT_TYPE_LATEST
EXTRAS = 2 + len(BOUNDS)  # where the further sums of a kind begin

_GAUGES = (
    ("in_flight", "llmselect_requests_in_flight", "Requests that are being answered."),
    ("pool_in_use", "llmselect_pool_connections_in_use", "Database connections that are out of the pools."),
    ("pool_size", "llmselect_pool_connections", "Database connections that the pools hold."),
    ("pool_max", "llmselect_pool_connections_max", "Database connections that the pools may hold."),
    ("pool_waiting", "llmselect_pool_waiting", "Threads that wait for a database connection."),
)


@dataclass(frozen=True, slots=True)
class _Histogram:
    """A kind shown as a histogram by the first of its labels."""

    kind: Kind
    name: str
    help: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Counter:
    """One of a kind's numbers, by the first of its labels, scaled to a base unit."""

    kind: Kind
    position: int
    name: str
    help: str
    labels: tuple[str, ...]
    scale: float = 1.0


_MODEL = ("provider", "model")
_HISTOGRAMS = (
    _Histogram(
        kinds.REQUESTS,
        "llmselect_request_duration_seconds",
        "Time in the application; a stream counts to its first byte.",
        ("method", "route"),
    ),
    _Histogram(kinds.STREAMS, "llmselect_stream_duration_seconds", "Time to the end of a stream.", ("method", "route")),
    _Histogram(kinds.QUERIES, "llmselect_query_duration_seconds", "Time of database statements.", ("origin",)),
    _Histogram(kinds.CACHES, "llmselect_cache_lookup_duration_seconds", "Time of cache lookups.", ("namespace",)),
    _Histogram(kinds.POOL, "llmselect_pool_wait_seconds", "Time that a connection was waited for.", ()),
    _Histogram(kinds.PROVIDERS, "llmselect_provider_call_duration_seconds", "Time of calls of providers.", _MODEL),
    _Histogram(kinds.FIRST_TOKENS, "llmselect_provider_first_token_seconds", "Time to the first token.", _MODEL),
)
_COUNTERS = (
    _Counter(kinds.REQUESTS, 0, "llmselect_requests", "Requests answered.", ("method", "route", "status")),
    _Counter(kinds.QUERIES, EXTRAS + 2, "llmselect_query_failures", "Database statements that failed.", ("origin",)),
    _Counter(kinds.CACHES, 0, "llmselect_cache_lookups", "Cache lookups.", ("namespace", "result")),
    _Counter(kinds.PROVIDERS, 0, "llmselect_provider_calls", "Calls of providers.", (*_MODEL, "outcome")),
    _Counter(kinds.PROVIDERS, EXTRAS, "llmselect_provider_prompt_tokens", "Tokens sent.", _MODEL),
    _Counter(kinds.PROVIDERS, EXTRAS + 1, "llmselect_provider_completion_tokens", "Tokens received.", _MODEL),
    _Counter(kinds.PROVIDERS, EXTRAS + 2, "llmselect_provider_cost_usd", "Cost where a price is known.", _MODEL, 1e-9),
)


def exposition() -> bytes:
    """Write what workers have handed on, counters since the first of them began. Raises what the store raises.

    What this worker has not handed on is left out: the next answer may be another's, and a counter must not fall.
    """
    totals = summed(store().totals().values())
    gauges = load(timezone.now() - timedelta(minutes=1)).gauges  # a new minute has none yet
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(totals, gauges))
    return generate_latest(registry)


class _Collector(Collector):
    """Hands the figures to prometheus_client."""

    def __init__(self, totals: Totals, gauges: dict[str, float]) -> None:
        self.totals, self.gauges = totals, gauges

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        for shown in _HISTOGRAMS:
            yield self._histogram(shown)
        for counter in _COUNTERS:
            yield self._counter(counter)
        for name, metric, said in _GAUGES:
            if name in self.gauges:
                yield GaugeMetricFamily(metric, said, value=self.gauges[name])

    def _histogram(self, shown: _Histogram) -> Metric:
        family = HistogramMetricFamily(shown.name, shown.help, labels=shown.labels)
        for label, numbers in self._by(shown.kind, len(shown.labels)).items():
            upto = accumulate(numbers[2:EXTRAS])
            buckets = [(str(bound), count) for bound, count in zip(BOUNDS, upto, strict=True)]
            family.add_metric(label, [*buckets, ("+Inf", numbers[0])], sum_value=numbers[1])
        return family

    def _counter(self, counter: _Counter) -> Metric:
        family = CounterMetricFamily(counter.name, counter.help, labels=counter.labels)
        for label, numbers in self._by(counter.kind, len(counter.labels)).items():
            family.add_metric(label, numbers[counter.position] * counter.scale)
        return family

    def _by(self, kind: Kind, parts: int) -> dict[Key, Numbers]:
        """Add up a kind by the first of its labels."""
        grouped: dict[Key, Numbers] = {}
        for key, numbers in self.totals.of(kind).items():
            label = key[:parts]
            found = grouped.get(label)
            grouped[label] = numbers if found is None else [a + b for a, b in zip(found, numbers, strict=True)]
        return grouped
