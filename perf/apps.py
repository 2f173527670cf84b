"""Timing, caching and health, knowing nothing of the apps above."""

from django.apps import AppConfig


class PerfConfig(AppConfig):
    """Middleware, caches and health."""

    name = "perf"
    verbose_name = "Performance"
