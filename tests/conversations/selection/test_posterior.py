"""What votes say of models: strengths, shifts by kinds of prompts, draws."""

import math
import random
from statistics import mean, stdev

import pytest

from conversations.comparisons.bradley_terry import estimate, rate
from conversations.selection.posterior import SHIFT, Posterior, Vote, cholesky

A, B, C = ("p", "a"), ("p", "b"), ("p", "c")
CODE, PROSE = "Fix the Python function", "a toast for the wedding"


def votes(winner, loser, times, prompt="what?"):
    return [Vote(prompt, [(winner, loser, 1.0)])] * times


def test_without_votes_nothing_is_believed():
    posterior = Posterior([])
    assert (posterior.models, posterior.votes, list(posterior.about("x").means)) == ((), 0, [])


def test_prompts_of_no_kind_get_the_strengths_of_the_leaderboard():
    posterior = Posterior([*votes(A, B, 7), *votes(B, A, 3)])
    [first, second] = rate(2, {(0, 1): 7, (1, 0): 3})
    expected = [(each.value - 1000) * math.log(10) / 400 for each in (first, second)]
    assert list(posterior.about("unheard of").means) == pytest.approx(expected)
    assert posterior.counts == {A: 10, B: 10}


def test_each_kind_of_prompts_has_its_own_winner_by_category():
    given = votes(A, B, 10, CODE) + votes(B, A, 10, "Write a poem")
    code = Posterior(given).about("Refactor this class")
    poem = Posterior(given).about("Write a story")
    assert code.means[0] > code.means[1] + 0.5
    assert poem.means[1] > poem.means[0] + 0.5


def test_and_by_its_words_alone():
    garden = ["an invitation to the garden party", "roses for the garden in spring", "a garden with few roses"]
    ships = ["an old ship and the harbour", "the harbour without a ship", "a ship in the rainy harbour"]
    given = [vote for prompt in garden for vote in votes(A, B, 4, prompt)]
    given += [vote for prompt in ships for vote in votes(B, A, 4, prompt)]
    posterior = Posterior(given)
    assert posterior.about("which roses suit a garden").means[0] > 0.2
    assert posterior.about("when does the ship leave the harbour").means[0] < -0.2
    assert posterior.about("something else").means[0] == pytest.approx(0, abs=1e-6)


def test_the_shift_of_two_models_is_that_of_newtons_step():
    posterior = Posterior([*votes(A, B, 8, CODE), *votes(B, A, 8, "hm")])
    pull = 8 * 0.5 * (1 - 0.5) * 0.5 * 2  # eight wins that had a probability of 1/2, counted half
    information = 8 * 0.25 * 0.5
    assert posterior.about("debug it").means[0] == pytest.approx(pull / 2 / (1 / SHIFT**2 + 2 * information) * 2)


def test_draws_have_the_means_and_variances_that_are_believed():
    belief = Posterior([*votes(A, B, 6), *votes(B, C, 6), *votes(C, A, 2)]).about("x")
    rng = random.Random(1)
    drawn = [belief.draw(rng) for _ in range(4000)]
    for place in range(3):
        values = [each[place] for each in drawn]
        assert mean(values) == pytest.approx(belief.means[place], abs=0.06)
        assert stdev(values) == pytest.approx(belief.error(place), rel=0.06)
    leads = [each[0] - each[2] for each in drawn]
    assert stdev(leads) ** 2 == pytest.approx(belief.variance(0, 2), rel=0.1)
    assert belief.draw(rng, 0) == list(belief.means)


def test_some_models_in_another_order():
    posterior = Posterior([*votes(A, B, 3), *votes(B, C, 3)])
    every, some = posterior.about("x"), posterior.about("x", [2, 0])
    assert list(some.means) == [every.means[2], every.means[0]]
    assert some.variance(0, 1) == every.variance(2, 0)


def test_the_root_of_a_covariance():
    covariance = estimate(4, {(0, 1): 3, (1, 2): 2, (2, 3): 5, (3, 0): 1}).covariance
    root = cholesky(covariance)
    for i in range(4):
        for j in range(4):
            product = sum(a * b for a, b in zip(root[i], root[j], strict=False))
            assert product == pytest.approx(covariance[i][j], abs=1e-6)
