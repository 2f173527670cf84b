"""Bradley-Terry ratings: the strength of each player, from the wins of each pair.

R. A. Bradley and M. E. Terry, "Rank Analysis of Incomplete Block Designs: I", Biometrika 39 (1952): i beats j with
probability 1 / (1 + exp(s_j - s_i)). A weak Gaussian prior keeps the strengths finite, also those of players without a
win or a loss, and of groups that never met.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# The prior of a strength s is a penalty of PRIOR * s^2: a standard deviation of 3.2, or some 550 Elo points.
PRIOR = 0.05
ELO = 400 / math.log(10)  # points of the Elo scale a unit of strength
CENTRE = 1000.0
Z95 = 1.959964  # the normal distribution's 97.5 % quantile
MAX_STEPS, PRECISION = 50, 1e-9

# The number of wins of i against j, by (i, j); a tie is half a win for each.
Wins = Mapping[tuple[int, int], float]


@dataclass(frozen=True, slots=True)
class Rating:
    """A strength on the Elo scale, where the mean is 1000, and its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the wins say of the strengths: a normal distribution (Laplace's approximation), relative to their mean."""

    strengths: list[float]
    covariance: list[list[float]]


def rate(players: int, wins: Wins) -> list[Rating]:
    """Return the ratings of the players 0 … n-1, with intervals by the Fisher information."""
    estimated = estimate(players, wins)
    errors = [math.sqrt(max(0.0, row[i])) for i, row in enumerate(estimated.covariance)]
    return [
        Rating(
            value=CENTRE + ELO * strength,
            low=CENTRE + ELO * (strength - Z95 * error),
            high=CENTRE + ELO * (strength + Z95 * error),
        )
        for strength, error in zip(estimated.strengths, errors, strict=True)
    ]


def estimate(players: int, wins: Wins, *, prior: float = PRIOR) -> Estimate:
    """Return the posterior of the strengths of the players 0 … n-1 under a penalty of `prior` * s^2.

    Only the prior determines the mean, so its direction is fixed for the inversion and subtracted afterwards.
    """
    if players == 0:
        return Estimate([], [])
    strengths = _fit(players, wins, prior)
    information = _derivatives(strengths, wins, prior)[1]
    fixed = [[value + 1 / players for value in row] for row in information]
    identity = [[float(i == j) for j in range(players)] for i in range(players)]
    of_mean = 1 / players / (2 * prior + 1)
    mean = sum(strengths) / players
    covariance = [[value - of_mean for value in row] for row in _solve(fixed, identity)]
    return Estimate([strength - mean for strength in strengths], covariance)


def _fit(players: int, wins: Wins, prior: float) -> list[float]:
    """Maximise the penalised log-likelihood by Newton's method, halving steps that overshoot."""
    strengths = [0.0] * players
    likelihood = _log_likelihood(strengths, wins, prior)
    for _ in range(MAX_STEPS):
        gradient, information = _derivatives(strengths, wins, prior)
        step = [change[0] for change in _solve(information, [[value] for value in gradient])]
        if max(map(abs, step)) < PRECISION:
            break
        reached = [strength + change for strength, change in zip(strengths, step, strict=True)]
        while (better := _log_likelihood(reached, wins, prior)) < likelihood:
            step = [change / 2 for change in step]
            if max(map(abs, step)) < PRECISION:
                return strengths
            reached = [strength + change for strength, change in zip(strengths, step, strict=True)]
        strengths, likelihood = reached, better
    return strengths


def _log_likelihood(strengths: Sequence[float], wins: Wins, prior: float) -> float:
    """Return the log-likelihood with the penalty of the prior."""
    likelihood = sum(count * _log_probability(strengths[i] - strengths[j]) for (i, j), count in wins.items())
    return likelihood - prior * sum(strength**2 for strength in strengths)


def _log_probability(lead: float) -> float:
    """Return the logarithm of the probability of a win with this lead in strength, without overflow."""
    return -math.log1p(math.exp(-lead)) if lead > 0 else lead - math.log1p(math.exp(lead))


def _derivatives(strengths: Sequence[float], wins: Wins, prior: float) -> tuple[list[float], list[list[float]]]:
    """Return the gradient of the penalised log-likelihood, and the Fisher information (minus its Hessian)."""
    players = len(strengths)
    gradient = [-2 * prior * strength for strength in strengths]
    information = [[0.0] * players for _ in range(players)]
    for i in range(players):
        information[i][i] = 2 * prior
    for (i, j), count in wins.items():
        expected = math.exp(_log_probability(strengths[i] - strengths[j]))
        gradient[i] += count * (1 - expected)
        gradient[j] -= count * (1 - expected)
        weight = count * expected * (1 - expected)
        information[i][i] += weight
        information[j][j] += weight
        information[i][j] -= weight
        information[j][i] -= weight
    return gradient, information


def _solve(matrix: list[list[float]], right: list[list[float]]) -> list[list[float]]:
    """Solve a symmetric positive definite system by Gauss-Jordan elimination, which needs no pivoting here."""
    rows = [[*a, *b] for a, b in zip(matrix, right, strict=True)]
    size = len(rows)
    for column in range(size):
        pivot = rows[column]
        scale = pivot[column]
        rows[column] = pivot = [value / scale for value in pivot]
        for index, row in enumerate(rows):
            if index != column and (factor := row[column]):
                rows[index] = [value - factor * head for value, head in zip(row, pivot, strict=True)]
    return [row[size:] for row in rows]
