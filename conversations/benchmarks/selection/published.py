"""Ratings of votes in a file against published ones, as Evalica's test data has them.

`votes.csv` has the columns left, right and winner (left, right, tie); `votes-golden-ratings.csv` beside it algorithm,
item and score. https://github.com/dustalov/evalica
"""

import csv
import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from conversations.comparisons.bradley_terry import ELO, estimate
from perf.benchmarks.cases import Result

FLAT = 1e-9  # a prior so wide that the estimate is that of maximum likelihood
ALGORITHM = "bradley_terry"


def differences(votes: Path) -> Iterator[Result]:
    """Rate the votes without a prior, and yield the greatest difference from the published ratings, in Elo points."""
    names: dict[str, int] = {}
    wins: dict[tuple[int, int], float] = defaultdict(float)
    for row in _rows(votes):
        left, right = (names.setdefault(row[side], len(names)) for side in ("left", "right"))
        share = {"left": 1.0, "right": 0.0, "tie": 0.5}[row["winner"]]
        wins[left, right] += share
        wins[right, left] += 1 - share
    golden = votes.with_name(f"{votes.stem}-golden-ratings.csv")
    scores = {row["item"]: float(row["score"]) for row in _rows(golden) if row["algorithm"] == ALGORITHM}
    published = [ELO * math.log(scores[name]) for name in names]
    rated = [ELO * strength for strength in estimate(len(names), wins, prior=FLAT).strengths]
    middle = sum(published) / len(published)
    greatest = max(abs(own - (other - middle)) for own, other in zip(rated, published, strict=True))
    yield Result(f"ratings of {votes.name} differ from published ones by", greatest, "points", at_most=1)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
