"""The choice among what is believed: what cost and time are worth, draws, suggestions, probabilities."""

import math
import random

import pytest

from conversations.selection import choosing
from conversations.selection.choosing import BETTER, Taste
from conversations.selection.posterior import Belief, Posterior, Vote

A, B, C = ("p", "a"), ("p", "b"), ("p", "c")


def belief(*wins):
    return Posterior([Vote("?", [(one, other, 1.0)]) for one, other, count in wins for _ in range(count)]).about("?")


def test_an_answer_preferred_three_times_of_four_is_worth_the_cents_that_one_set():
    taste = Taste(cents=2, seconds=10)
    assert taste.burden(0.02, None) == pytest.approx(BETTER)
    assert 1 / (1 + math.exp(-taste.burden(0.02, None))) == pytest.approx(0.75)
    assert taste.burden(0.01, 5) == pytest.approx(BETTER)
    assert Taste().burden(100, 100) == 0


def test_a_clear_winner_is_chosen_unless_it_costs_too_much():
    sure = belief((A, B, 60), (B, A, 20))
    rng = random.Random(2)
    assert {choosing.drawn_order(sure, [0, 0], rng, 0.25)[0] for _ in range(50)} == {0}
    assert {choosing.drawn_order(sure, [3, 0], rng, 0.25)[0] for _ in range(50)} == {1}


def test_what_is_open_is_drawn_both_ways():
    assert choosing.chances(belief((A, B, 5), (B, A, 5)), [0, 0], random.Random(3), 1.0, 2000)[0] == pytest.approx(
        0.5, abs=0.05
    )


def test_the_probability_of_being_better_is_that_of_the_draws():
    found = belief((A, B, 6), (B, A, 3))
    rng = random.Random(4)
    drawn = [found.draw(rng) for _ in range(4000)]
    share = sum(one - 0.2 > other for one, other in drawn) / len(drawn)
    assert choosing.is_better(found, [0.2, 0], 0, 1) == pytest.approx(share, abs=0.03)
    preferred = sum(1 / (1 + math.exp(other - one)) for one, other in drawn) / len(drawn)
    assert choosing.is_preferred(found, 0, 1) == pytest.approx(preferred, abs=0.02)


def test_the_suggestion_is_the_pair_that_is_least_certain_and_matters_most():
    found = belief((A, B, 12), (B, A, 10), (A, C, 30), (B, C, 30))
    assert choosing.suggestion(found, [0, 0, 0])[:2] == (0, 1)
    assert choosing.suggestion(found, [0, 9, 0])[:2] == (0, 2)
    assert choosing.suggestion(belief(), []) is None


def test_models_that_are_the_same_to_the_last_digit_are_even():
    even = Belief([0.0, 0.0], [0, 1], [[0.0, 0.0], [0.0, 0.0]], [[0.0], [0.0, 0.0]], [0.0, 0.0])
    assert choosing.is_better(even, [0, 0], 0, 1) == 0.5
    assert choosing.suggestion(even, [0, 0]).gain == 0


def test_the_expected_lead_is_that_of_a_normal_variable():
    rng = random.Random(5)
    sampled = sum(max(0.0, rng.gauss(-0.5, 1.5)) for _ in range(20_000)) / 20_000
    assert choosing.expected_lead(-0.5, 1.5) == pytest.approx(sampled, abs=0.02)
