"""Histograms: quantiles within 2 %, merged by adding."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf.timing import histogram


def packed(durations):
    counts = histogram.new()
    for seconds in durations:
        counts[histogram.bucket(seconds)] += 1
    return histogram.pack(counts)


@given(st.floats(min_value=2e-6, max_value=4000))
def test_a_duration_is_known_within_2_percent(seconds):
    assert histogram.quantile(packed([seconds]), 0.5) == pytest.approx(seconds, rel=histogram.ACCURACY * 1.0001)


@pytest.mark.parametrize("spread", [0.2, 1.0, 2.0])
def test_percentiles_are_within_5_percent(spread):
    dice = random.Random(1)
    durations = [dice.lognormvariate(-4, spread) for _ in range(5000)]
    exact = statistics.quantiles(durations, n=100, method="inclusive")
    whole = packed(durations)
    for percent in (50, 95, 99):
        assert histogram.quantile(whole, percent / 100) == pytest.approx(exact[percent - 1], rel=0.05)


@given(st.lists(st.floats(min_value=0, max_value=1e6)), st.lists(st.floats(min_value=0, max_value=1e6)))
def test_merging_is_as_good_as_counting_together(one, other):
    assert histogram.merge(packed(one), packed(other)) == packed(one + other)


def test_what_is_out_of_bounds_counts_at_the_bounds():
    first, counts = histogram.unpack(packed([0.0, -1.0, 1e9]))
    assert (first, len(counts), counts[0], counts[-1]) == (0, histogram.SIZE, 2, 1)


def test_nothing_has_no_quantile():
    assert packed([]) == histogram.EMPTY
    assert histogram.quantile(histogram.EMPTY, 0.5) is None
