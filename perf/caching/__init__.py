"""What `perf.cache` is made of."""
