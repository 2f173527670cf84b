"""Caching by namespace and owner; `perf.caching.namespace` is where to begin."""
