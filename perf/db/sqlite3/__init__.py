"""Django's SQLite backend with private files and a short write-ahead log; `ENGINE` is `perf.db.sqlite3`."""
