"""What `perf.caching.namespace` is made of."""
