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
from perf.timing.kinds import KINDS, CounterMetric, HistogramMetric, Key, Kind
from perf.timing.stores import store
from perf.timing.totals import BOUNDS, Sums, Totals, sum_of

CONTENT_TYPE = CONTENT_TYPE_LATEST
EXTRAS = 2 + len(BOUNDS)  # the position of a kind's first extra in its sums

_GAUGES = (
    ("in_flight", "llmselect_requests_in_flight", "Requests that are being answered."),
    ("pool_in_use", "llmselect_pool_connections_in_use", "Database connections that are out of the pools."),
    ("pool_size", "llmselect_pool_connections", "Database connections that the pools hold."),
    ("pool_max", "llmselect_pool_connections_max", "Database connections that the pools may hold."),
    ("pool_waiting", "llmselect_pool_waiting", "Threads that wait for a database connection."),
)


def exposition() -> bytes:
    """Return the figures that workers have flushed, as the body of `/metrics`. Raises what the store raises.

    Figures that are not flushed are left out: another worker may answer the next scrape, and counters must not fall.
    """
    totals = sum_of(store().totals().values())
    gauges = load(timezone.now() - timedelta(minutes=1)).gauges  # the current minute may have none yet
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(totals, gauges))
    return generate_latest(registry)


class _Collector(Collector):
    """Presents the figures to prometheus_client."""

    def __init__(self, totals: Totals, gauges: dict[str, float]) -> None:
        self.totals, self.gauges = totals, gauges

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        for kind in KINDS.values():
            if kind.histogram is not None:
                yield self._histogram(kind, kind.histogram)
            for counter in kind.counters:
                yield self._counter(kind, counter)
        for name, metric, help_text in _GAUGES:
            if name in self.gauges:
                yield GaugeMetricFamily(metric, help_text, value=self.gauges[name])

    def _histogram(self, kind: Kind, metric: HistogramMetric) -> Metric:
        family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for label, sums in self._grouped(kind, len(metric.labels)).items():
            cumulative = accumulate(sums[2:EXTRAS])
            buckets = [(str(bound), count) for bound, count in zip(BOUNDS, cumulative, strict=True)]
            family.add_metric(label, [*buckets, ("+Inf", sums[0])], sum_value=sums[1])
        return family

    def _counter(self, kind: Kind, metric: CounterMetric) -> Metric:
        position = 0 if metric.extra is None else EXTRAS + kind.extras.index(metric.extra)
        family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        for label, sums in self._grouped(kind, len(metric.labels)).items():
            family.add_metric(label, sums[position] * metric.scale)
        return family

    def _grouped(self, kind: Kind, parts: int) -> dict[Key, Sums]:
        """Return the sums of a kind by the first parts of its label."""
        groups: dict[Key, Sums] = {}
        for key, sums in self.totals.of(kind).items():
            group = groups.get(key[:parts])
            groups[key[:parts]] = sums if group is None else [a + b for a, b in zip(group, sums, strict=True)]
        return groups
