"""Histograms of durations in fixed memory, with exponential buckets; two are merged by adding their counts.

https://arxiv.org/abs/1908.10693 (DDSketch) describes the method.
"""

import math
import sys
from array import array

ACCURACY = 0.02  # the greatest relative error of a quantile
SMALLEST = 1e-6  # seconds; shorter durations count as this
SIZE = 560  # buckets, which reach to 5,000 seconds; longer durations count as that

_GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
_SCALE = 1 / math.log(_GROWTH)
_WIDTH = 4  # bytes of a count

Packed = tuple[int, bytes]  # the first bucket in use, and the counts from it to the last bucket in use

EMPTY: Packed = (0, b"")


def new() -> "array[int]":
    """Return an empty histogram."""
    return array("I", bytes(SIZE * _WIDTH))


def bucket(seconds: float) -> int:
    """Return the bucket of a duration."""
    if seconds <= SMALLEST:
        return 0
    return min(int(math.log(seconds / SMALLEST) * _SCALE), SIZE - 1)


def pack(counts: "array[int]") -> Packed:
    """Cut off the empty buckets at both ends. Counts are little-endian, so that different machines understand them."""
    if sys.byteorder == "big":
        counts = counts[:]
        counts.byteswap()
    whole = counts.tobytes()
    first = (len(whole) - len(whole.lstrip(b"\0"))) // _WIDTH
    last = -(-len(whole.rstrip(b"\0")) // _WIDTH)
    return (first, whole[first * _WIDTH : last * _WIDTH]) if last else EMPTY


def unpack(packed: Packed) -> tuple[int, "array[int]"]:
    """Return the first bucket in use, and the counts from it on."""
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
    """Return the `share` quantile (0 to 1) in seconds; None for an empty histogram."""
    first, counts = unpack(packed)
    rank = share * (sum(counts) - 1)
    below = 0
    for position, count in enumerate(counts, first):
        below += count
        if below > rank:
            return middle(position)
    return None


def middle(position: int) -> float:
    """Return the seconds that have the same relative distance to both ends of a bucket."""
    return SMALLEST * math.exp(position / _SCALE) * (1 + ACCURACY)
