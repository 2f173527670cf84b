"""The figures of all workers in the text format of Prometheus."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import accumulate

from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from perf.timing.figures import load
from perf.timing.kinds import KINDS, Counter, Histogram, Key, Kind
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
        for kind in KINDS.values():
            if kind.histogram is not None:
                yield self._histogram(kind, kind.histogram)
            for counter in kind.counters:
                yield self._counter(kind, counter)
        for name, metric, said in _GAUGES:
            if name in self.gauges:
                yield GaugeMetricFamily(metric, said, value=self.gauges[name])

    def _histogram(self, kind: Kind, shown: Histogram) -> Metric:
        family = HistogramMetricFamily(shown.name, shown.help, labels=shown.labels)
        for label, numbers in self._by(kind, len(shown.labels)).items():
            upto = accumulate(numbers[2:EXTRAS])
            buckets = [(str(bound), count) for bound, count in zip(BOUNDS, upto, strict=True)]
            family.add_metric(label, [*buckets, ("+Inf", numbers[0])], sum_value=numbers[1])
        return family

    def _counter(self, kind: Kind, shown: Counter) -> Metric:
        position = 0 if shown.extra is None else EXTRAS + kind.extras.index(shown.extra)
        family = CounterMetricFamily(shown.name, shown.help, labels=shown.labels)
        for label, numbers in self._by(kind, len(shown.labels)).items():
            family.add_metric(label, numbers[position] * shown.scale)
        return family

    def _by(self, kind: Kind, parts: int) -> dict[Key, Numbers]:
        """Add up a kind by the first of its labels."""
        grouped: dict[Key, Numbers] = {}
        for key, numbers in self.totals.of(kind).items():
            label = key[:parts]
            found = grouped.get(label)
            grouped[label] = numbers if found is None else [a + b for a, b in zip(found, numbers, strict=True)]
        return grouped
