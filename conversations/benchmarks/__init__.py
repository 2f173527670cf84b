"""The cases of `manage.py benchmark`, which measure real servers and scratch databases."""

from perf.benchmarks.cases import Case

CASES = {
    name: Case(summary, f"{__name__}.{path}")
    for name, summary, path in (
        ("predecessor", "the predecessor's table, before and after", "predecessor.table.predecessor"),
        ("http", "endpoints under load, beside a ceiling", "http.load.http"),
        ("chat", "the time a chat adds to the bare SDK's call, 1 client", "chats.chat"),
        ("gateway", "the gateway beside /chat, whole and streamed", "gateway.gateway"),
        ("first-chat", "the first chat after a start", "chats.first_chat"),
        ("streams", "200 streams of 10 chunks a second, one worker", "streams.streams"),
        ("outage", "50 clients while PostgreSQL is stopped", "outages.database.outage"),
        ("locks", "66 clients while a table is locked for 10 s", "outages.locks.locks"),
        ("wal", "SQLite's log under constant load", "outages.locks.write_ahead_log"),
        ("staleness", "reads after writes, through the caches", "staleness.staleness"),
        ("redis-outage", "Redis killed, restored, full, under load", "outages.redis.outage"),
        ("hits", "a mixed load: 20 reads a write, three queries a user", "caching.hits"),
        ("caching", "a list with and without its cache, 16 clients", "caching.caching"),
        ("compare", "models side by side, one worker", "streams.compare"),
        ("search", "words in a million messages, by HTTP", "growth.search.search"),
        ("recording", "what timing itself costs", "timing.recording"),
        ("accuracy", "percentiles shown against those seen", "timing.accuracy"),
        ("slow-bodies", "1,000 clients that send a byte a second", "http.slow_bodies.slow_bodies"),
        ("leaderboard", "ratings over 10,000 votes", "growth.leaderboard.votes"),
        ("select", "the choice of a model, by simulated users", "selection.simulated.select"),
        ("usage", "reports of usage at many calls", "growth.usage.usage"),
        ("lists", "lists, detail and keys at 1,000,000 messages", "growth.lists.lists"),
    )
}
