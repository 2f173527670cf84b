"""Ways to choose, which simulated users follow: `auto`, the mean without a draw, Thompson's draw in its whole width."""

from collections.abc import Sequence

from conversations.benchmarks.selection.users import NAMES, SimulatedUser
from conversations.selection import choosing
from conversations.selection.posterior import Belief, Posterior, Vote

WIDTHS = {"auto": choosing.WIDTH, "greedy": 0.0, "Thompson's whole draw": 1.0}


def requests(user: SimulatedUser, count: int, *, width: float) -> list[float]:
    """Send so many requests, vote after each on the suggested comparison; returns what the answers were worth.

    The models without a vote are asked about first, as those on a user's own list are, the cheapest ones at first.
    """
    votes: list[Vote] = []
    got = []
    unasked = sorted(range(len(NAMES)), key=user.burdens.__getitem__)
    for _ in range(count):
        kind, prompt = user.prompt()
        posterior = Posterior(votes)
        known = [NAMES.index(name) for name in posterior.models]
        belief, burdens = posterior.about(prompt), [user.burdens[model] for model in known]
        chosen = known[choosing.drawn_order(belief, burdens, user.rng, width)[0]] if known else unasked[0]
        got.append(user.worth[kind][chosen])
        pair = _pair(belief, burdens, known, unasked)
        unasked = [model for model in unasked if model not in pair]
        votes.append(user.vote(kind, prompt, *pair))
    return got


def _pair(belief: Belief, burdens: list[float], known: Sequence[int], unasked: Sequence[int]) -> tuple[int, int]:
    if not known:
        return unasked[0], unasked[1]
    if unasked:
        worth = choosing.utilities(belief.means, burdens)
        return known[worth.index(max(worth))], unasked[0]
    found = choosing.suggestion(belief, burdens)
    assert found is not None  # noqa: S101 - two models were compared
    return known[found.one], known[found.other]
