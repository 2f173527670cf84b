"""Timing, caching and health, knowing nothing of the apps above."""

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created


class PerfConfig(AppConfig):
    """Middleware, timing, caches and health."""

    name = "perf"
    verbose_name = "Performance"

    def ready(self) -> None:
        """Measure every connection, hand on what was measured, and connect what registers itself on import."""
        from perf.caching.invalidation import exempt
        from perf.db import pool_waits as pool  # they need the apps
        from perf.plans import declared_queries  # they need the apps
        from perf.serving import checks  # noqa: F401  # they need the apps
        from perf.timing import (
            handover,
            instrumentation,  # they need the apps
            pool_gauges,
            recorder,  # they need the apps
        )

        exempt("perf.TimingBlock", "figures are read from the store each time")
        exempt("perf.UndeliveredInvalidation", "it is about what is cached, and not itself cached")

        declared_queries.register(queries="perf.caching.undelivered.declared_queries")
        if settings.TIMING:
            connection_created.connect(instrumentation.install, dispatch_uid="perf.instrumentation")
            pool.observers.append(recorder.pool_waited)
            pool_gauges.register()
            recorder.when_changed(handover.start)
