"""Timing, caching, health and query plans; this app imports none of the project's other apps."""

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created


class PerfConfig(AppConfig):
    """Registers the instrumentation and the system checks."""

    name = "perf"
    verbose_name = "Performance"

    def ready(self) -> None:
        """Register the system checks, and instrument connections and the pool."""
        # These modules need the app registry.
        from perf.caching.invalidation import exempt
        from perf.db import pool_gauges, pool_waits
        from perf.plans import declared_queries
        from perf.serving import checks  # noqa: F401  # registers on import
        from perf.timing import flushing, instrumentation, recorder

        exempt("perf.TimingBlock", "figures are read from the store each time")
        exempt("perf.UndeliveredInvalidation", "it is about what is cached, and not itself cached")
        exempt("perf.Job", "whoever asks how far a job is reads it from the database")

        declared_queries.register(queries="perf.caching.undelivered.declared_queries")
        declared_queries.register(queries="perf.jobs.plans.declared_queries", fill="perf.jobs.plans.fill")
        if settings.TIMING:
            connection_created.connect(instrumentation.install, dispatch_uid="perf.instrumentation")
            pool_waits.observers.append(recorder.pool_wait)
            pool_gauges.register()
            recorder.on_change(flushing.start)
