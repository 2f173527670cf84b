"""Django's PostgreSQL backend with a pool that survives its server; `ENGINE` is `perf.db.postgresql`."""
