"""The kinds of figures: what each is labelled with, what is added up beside times, and how many labels it may have."""

from dataclasses import dataclass

OTHER = "(other)"
UNMATCHED = "(unmatched)"  # the route of paths that no pattern matches

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of figures.

    `extras` names the numbers that are added up beside count and seconds. Of labels beyond `limit`, the `bounded`
    parts become `OTHER`; the other parts have few values.
    """

    name: str
    limit: int
    bounded: tuple[int, ...]
    extras: tuple[str, ...] = ()
    timed: bool = True

    def other(self, key: Key) -> Key:
        """Return the label that stands for this one when there are too many."""
        return tuple(OTHER if number in self.bounded else part for number, part in enumerate(key))


# Labels: method, route, status. Seconds to the last byte, or to the first of a stream.
REQUESTS = Kind("requests", 1500, (1,), ("database_seconds", "queries", "pool_seconds"))
# Labels: method, route. Seconds to the end of a stream.
STREAMS = Kind("streams", 200, (1,))
# Labels: origin, shape.
QUERIES = Kind("queries", 1000, (1,), ("rows", "with_rows", "failed"))
# Labels: route, shape. Counts the requests that repeated it.
REPEATS = Kind("repeats", 200, (0, 1), timed=False)
# Labels: namespace, and hit or miss.
CACHES = Kind("caches", 100, (0,))
# Labels: provider, model, and how it ended. Billionths of a USD add up exactly.
PROVIDERS = Kind("providers", 200, (0, 1), ("prompt_tokens", "completion_tokens", "nano_usd", "priced"))
# Labels: provider, model.
FIRST_TOKENS = Kind("first_tokens", 200, (0, 1))
# One label.
POOL = Kind("pool", 1, ())

KINDS = (REQUESTS, STREAMS, QUERIES, REPEATS, CACHES, PROVIDERS, FIRST_TOKENS, POOL)
