"""Histograms of durations in fixed memory: exponential buckets, 2 % wide on either side, that merge by adding."""

import math
import sys
from array import array

ACCURACY = 0.02  # a quantile is at most this much off, relatively
SMALLEST = 1e-6  # seconds; what is shorter counts as this
SIZE = 560  # buckets, up to 5,000 seconds; what is longer counts as that

_GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
_SCALE = 1 / math.log(_GROWTH)
_WIDTH = 4  # bytes of a count

Packed = tuple[int, bytes]  # the first bucket, and the counts from there to the last that is not empty

EMPTY: Packed = (0, b"")


def new() -> "array[int]":
    """Make an empty histogram."""
    return array("I", bytes(SIZE * _WIDTH))


def bucket(seconds: float) -> int:
    """Tell which bucket a duration falls into."""
    if seconds <= SMALLEST:
        return 0
    return min(int(math.log(seconds / SMALLEST) * _SCALE), SIZE - 1)


def pack(counts: "array[int]") -> Packed:
    """Leave out the empty buckets at both ends; little-endian, so that machines may be mixed."""
    if sys.byteorder == "big":
        counts = counts[:]
        counts.byteswap()
    whole = counts.tobytes()
    first = (len(whole) - len(whole.lstrip(b"\0"))) // _WIDTH
    last = -(-len(whole.rstrip(b"\0")) // _WIDTH)
    return (first, whole[first * _WIDTH : last * _WIDTH]) if last else EMPTY


def unpack(packed: Packed) -> tuple[int, "array[int]"]:
    """Return the first bucket and the counts from there on."""
    counts = array("I", packed[1])
    if sys.byteorder == "big":
        counts.byteswap()
    return packed[0], counts


def merge(one: Packed, other: Packed) -> Packed:
    """Add two histograms."""
    if not one[1] or not other[1]:
        return one if one[1] else other
    total = new()
    for first, counts in (unpack(one), unpack(other)):
        for position, count in enumerate(counts, first):
            if count:
                total[position] += count
    return pack(total)


def quantile(packed: Packed, share: float) -> float | None:
    """Return the duration that `share` (0 to 1) of all do not exceed, in seconds; None when there is none."""
    first, counts = unpack(packed)
    wanted = share * (sum(counts) - 1)
    seen = 0
    for position, count in enumerate(counts, first):
        seen += count
        if seen > wanted:
            return middle(position)
    return None


def middle(position: int) -> float:
    """Return the seconds in a bucket that are relatively as far from its lower as from its upper end."""
    return SMALLEST * math.exp(position / _SCALE) * (1 + ACCURACY)
