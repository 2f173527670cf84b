"""Bradley-Terry ratings: properties that any fit must have, and the numbers of a published implementation."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.comparisons.bradley_terry import CENTRE, ELO, PRIOR, rate

PLAYERS = 4
PAIRS = [(i, j) for i in range(PLAYERS) for j in range(PLAYERS) if i != j]
HALVES = st.integers(0, 60).map(lambda count: count / 2)
RESULTS = st.dictionaries(st.sampled_from(PAIRS), HALVES)
EXTREMES = st.dictionaries(st.sampled_from(PAIRS), st.sampled_from([0.5, 1, 5, 100, 1000, 10_000]))


def values(ratings):
    return [rating.value for rating in ratings]


def close(numbers):
    return pytest.approx(list(numbers), abs=1e-3)


def test_no_players():
    assert rate(0, {}) == []


def test_no_games():
    assert values(rate(3, {})) == close([1000, 1000, 1000])


def test_an_even_pair():
    even = rate(2, {(0, 1): 5, (1, 0): 5})
    assert values(even) == close([1000, 1000])
    assert even[0].low < 1000 < even[0].high


def test_the_better_one_is_rated_higher():
    better, worse = rate(2, {(0, 1): 7, (1, 0): 3})
    assert better.value > 1000 > worse.value
    assert better.value - worse.value == pytest.approx(ELO * math.log(7 / 3), rel=0.1)  # but for the prior


def test_a_player_without_a_loss_has_a_finite_rating():
    ratings = rate(3, {(0, 1): 500, (0, 2): 500, (1, 2): 500})
    assert values(ratings) == sorted(values(ratings), reverse=True)
    assert all(-2000 < rating.low < rating.high < 4000 for rating in ratings)


def test_groups_that_never_met():
    ratings = rate(4, {(0, 1): 30, (1, 0): 10, (2, 3): 30, (3, 2): 10})
    assert values(ratings)[:2] == close(values(ratings)[2:])


@given(RESULTS)
def test_the_mean_is_a_thousand(wins):
    assert sum(values(rate(PLAYERS, wins))) / PLAYERS == pytest.approx(CENTRE, abs=1e-6)


@given(RESULTS)
def test_the_interval_holds_the_value(wins):
    for rating in rate(PLAYERS, wins):
        assert rating.low < rating.value < rating.high
        assert rating.high - rating.value == pytest.approx(rating.value - rating.low)


@given(RESULTS, st.permutations(range(PLAYERS)))
def test_the_order_of_the_players_does_not_matter(wins, places):
    ratings = rate(PLAYERS, wins)
    moved = rate(PLAYERS, {(places[i], places[j]): count for (i, j), count in wins.items()})
    assert values(moved[place] for place in places) == close(values(ratings))
    assert [moved[place].high for place in places] == close(rating.high for rating in ratings)


@given(RESULTS)
def test_swapping_wins_and_losses_mirrors_the_ratings(wins):
    ratings = rate(PLAYERS, wins)
    swapped = rate(PLAYERS, {(j, i): count for (i, j), count in wins.items()})
    assert values(swapped) == close(2 * CENTRE - value for value in values(ratings))
    assert [rating.high for rating in swapped] == close(2 * CENTRE - rating.low for rating in ratings)


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=6, max_size=6))
def test_more_votes_narrow_the_interval(scores):
    wins = {}
    for (i, j), (won, lost) in zip([pair for pair in PAIRS if pair[0] < pair[1]], scores, strict=True):
        wins[i, j], wins[j, i] = won, lost
    few, many = rate(PLAYERS, wins), rate(PLAYERS, {pair: 10 * count for pair, count in wins.items()})
    assert all(b.high - b.low < a.high - a.low for a, b in zip(few, many, strict=True))


def slopes(ratings, wins):
    """Compute how far from flat the penalised likelihood is at these ratings; the strengths' mean is 0 at its top."""
    strengths = [(rating.value - CENTRE) / ELO for rating in ratings]
    slope = [-2 * PRIOR * strength for strength in strengths]
    for (i, j), count in wins.items():
        upset = count / (1 + math.exp(strengths[i] - strengths[j]))
        slope[i] += upset
        slope[j] -= upset
    return slope


@given(EXTREMES)
def test_the_gradient_is_zero_at_the_fit(wins):
    assert slopes(rate(PLAYERS, wins), wins) == pytest.approx([0] * PLAYERS, abs=1e-3)  # wins


def test_lopsided_scores_do_not_overflow():
    wins = {(0, 1): 1, (1, 0): 1, (1, 2): 0.5, (2, 0): 1, (2, 1): 0.5, (2, 3): 0.5}
    wins |= {(3, 1): 100, (3, 4): 0.5, (3, 5): 300, (4, 0): 100, (4, 2): 300, (5, 4): 300}
    assert slopes(rate(6, wins), wins) == pytest.approx([0] * 6, abs=1e-4)


# Who won how often against whom, ratings, and half the widths of their intervals.
PUBLISHED = {
    "all met": (
        {(0, 1): 7, (1, 0): 3, (1, 2): 6, (2, 1): 4, (0, 2): 8, (2, 0): 2},
        [1126.346, 974.576, 899.079],
        [116.329, 106.747, 112.277],
    ),
    "ties": (
        {(0, 1): 3.5, (1, 0): 1.5, (1, 2): 4, (2, 1): 2, (2, 3): 2.5, (3, 2): 2.5, (3, 0): 1},
        [1050.504, 991.135, 941.205, 1017.156],
        [226.027, 168.460, 168.751, 227.135],
    ),
    "undefeated": (
        {(0, 1): 5, (0, 2): 5, (1, 2): 3, (2, 1): 1},
        [1436.174, 865.744, 698.082],
        [409.525, 258.557, 285.186],
    ),
    "two groups": (
        {(0, 1): 3, (1, 0): 1, (2, 3): 10},
        [1089.553, 910.447, 1339.965, 660.035],
        [570.037, 570.037, 640.032, 640.032],
    ),
    "whole Newton steps overshoot": (
        {(3, 5): 61, (5, 4): 68, (4, 0): 69, (3, 1): 46, (0, 1): 2},
        [162.384, 3.997, 1000.000, 2351.630, 885.870, 1596.120],
        [323.796, 476.404, 982.883, 412.596, 293.882, 316.987],
    ),
}


@pytest.mark.parametrize(("wins", "strengths", "half_widths"), PUBLISHED.values(), ids=PUBLISHED)
def test_against_choix_and_the_inverse_of_the_fisher_information(wins, strengths, half_widths):
    """The numbers come from choix 0.4.1 (https://pypi.org/project/choix/) and numpy 2.4.6 on Python 3.11.

    With times = 2 where there are half wins, else 1; all data twice and twice the penalty give the same fit:

        data = [pair for pair, count in wins.items() for _ in range(round(count * times))]
        s = choix.opt_pairwise(n, data, alpha=0.05 * times, method="Newton-CG", tol=1e-12)  # alpha * sum(s ** 2)
        s -= s.mean()
        rating = 1000 + 400 / np.log(10) * s

        A = 0.1 * np.eye(n)  # the Fisher information at s, the prior's included
        for (i, j), count in wins.items():
            p = 1 / (1 + np.exp(s[j] - s[i]))
            A += count * p * (1 - p) * np.outer(np.eye(n)[i] - np.eye(n)[j], np.eye(n)[i] - np.eye(n)[j])
        P = np.eye(n) - 1 / n  # strengths relative to their mean
        half_width = 1.959964 * 400 / np.log(10) * np.sqrt(np.diag(P @ np.linalg.inv(A) @ P))
    """
    ratings = rate(len(strengths), wins)
    assert values(ratings) == close(strengths)
    assert [rating.high - rating.value for rating in ratings] == close(half_widths)
