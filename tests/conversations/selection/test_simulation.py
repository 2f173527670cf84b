"""Simulated users and what the benchmark says of them, in small."""

from statistics import mean

import pytest

from conversations.benchmarks.selection.policies import requests
from conversations.benchmarks.selection.published import differences
from conversations.benchmarks.selection.simulated import covered
from conversations.benchmarks.selection.users import SimulatedUser
from conversations.selection.choosing import WIDTH


def test_a_user_gets_better_answers_with_votes():
    user = SimulatedUser.make(1)
    got = requests(SimulatedUser.make(1), 45, width=WIDTH)
    assert mean(got[30:]) > user.uniform + 0.6 * (user.fixed - user.uniform)
    assert user.uniform < user.fixed <= user.best


def test_the_same_seed_gives_the_same_answers():
    assert requests(SimulatedUser.make(2), 10, width=WIDTH) == requests(SimulatedUser.make(2), 10, width=WIDTH)


def test_intervals_hold_the_true_rating_about_as_often_as_they_say():
    assert covered(worlds=10) == pytest.approx(0.95, abs=0.06)


def test_ratings_are_compared_with_published_ones(tmp_path):
    """Of two items the maximum likelihood is known: 3 wins to 1 are odds of 3."""
    votes = tmp_path / "votes.csv"
    votes.write_text("left,right,winner\na,b,left\na,b,left\nb,a,right\na,b,right\na,b,tie\nb,a,tie\n")
    golden = tmp_path / "votes-golden-ratings.csv"
    golden.write_text("algorithm,item,score\nbradley_terry,a,0.6666667\nbradley_terry,b,0.3333333\nelo,a,9\n")
    [result] = differences(votes)
    assert (result.holds, result.value) == (True, pytest.approx(0, abs=0.01))
    golden.write_text("algorithm,item,score\nbradley_terry,a,0.7\nbradley_terry,b,0.3\n")
    assert not next(differences(votes)).holds
