"""Choosing a model for a request of a user, and saying why."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException

from conversations.caches import selections
from conversations.comparisons.leaderboard import ENOUGH_PAIRS
from conversations.selection import choosing
from conversations.selection.candidates import Candidate, Needs, candidates_of, costs_and_times, filled
from conversations.selection.choosing import Suggestion, Taste
from conversations.selection.memo import Memo
from conversations.selection.models import SelectionSettings
from conversations.selection.posterior import Belief, ModelName, Posterior
from conversations.selection.prompts import category
from conversations.selection.queries import Figures, figures, votes
from models_registry.caches import keys, models
from models_registry.providers.base import Prompt
from perf.api.access import Access
from perf.caching.namespace import SHARED_OWNER

AUTO_NAME = "llmselect/auto"  # for clients of other protocols
ENOUGH_VOTES = ENOUGH_PAIRS  # before votes choose
WORTH_ASKING = 0.1  # the gain in strength from which on a comparison is suggested
TRIED = 4  # models at most, one after the other fails
FIGURES_TTL = 300.0  # seconds; every call changes figures a little, and none of them much
USERS = 64  # whose votes are kept in memory


class NoCandidate(APIException):
    """There is no model to choose."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "no_candidate"
    default_detail = (
        "There is no model to choose: none that you have a key for, that the token may use, and that can take this "
        "request. GET /api/v1/selection/settings shows what is chosen from."
    )


@dataclass(slots=True)
class Known:
    """All that a choice for a user begins with; `figures` are read again from time to time."""

    settings: SelectionSettings
    candidates: dict[ModelName, Candidate]
    posterior: Posterior
    figures: dict[ModelName, Figures]
    read_at: float


@dataclass(frozen=True, slots=True)
class Ground:
    """What a choice for one request is made on; all lists are in the order of `rated`, models that votes rate.

    `others` can take the request and no vote rates them; `excluded` are those that cannot, with the code of the reason.
    """

    known: Known
    rated: list[Candidate]
    others: list[Candidate]
    excluded: dict[ModelName, str]
    belief: Belief
    costs: list[float | None]
    times: list[float | None]
    burdens: list[float]
    category: str

    @property
    def enough(self) -> bool:
        """Whether votes choose."""
        return self.known.posterior.votes >= ENOUGH_VOTES and bool(self.rated)


@dataclass(frozen=True, slots=True)
class Choice:
    """The models to ask, the next one if one fails before it begins, and why the first one is the first."""

    order: list[ModelName]
    code: str
    reason: str
    votes: int
    category: str
    suggested: dict[str, Any] | None


_memo: Memo[Known] = Memo(selections.name, size=USERS)


def choose(*, access: Access, prompt: Prompt, rng: random.Random | None = None) -> Choice:
    """Choose the models to ask. Raises NoCandidate."""
    ground = ground_of(access, Needs.of(prompt), prompt.messages[-1].content)
    count, kind = ground.known.posterior.votes, ground.category
    if not ground.enough:
        order = default_order(ground)
        reason = f"You have {count} of the {ENOUGH_VOTES} votes that a choice takes, so this is your default model."
        return Choice(order[:TRIED], "too_few_votes", reason, count, kind, suggested(ground))
    places = choosing.drawn_order(ground.belief, ground.burdens, rng or random.SystemRandom(), choosing.WIDTH)
    order = [ground.rated[place].name for place in places[:TRIED]]
    code, reason = voted_reason(ground, places)
    return Choice(order, code, reason, count, kind, suggested(ground))


def voted_reason(ground: Ground, places: Sequence[int]) -> tuple[str, str]:
    """Say why the first of some rated models was chosen, as a code and as a sentence."""
    if len(places) == 1:
        name = ground.rated[places[0]].full_name
        return "only_candidate", f"{name} is the only model with votes of yours that can take this request."
    first, second = places[:2]
    likely = choosing.is_better(ground.belief, ground.burdens, first, second)
    return "votes", (
        f"By your {ground.known.posterior.votes} votes, for prompts like this one ({ground.category}), it is worth "
        f"more to you than {ground.rated[second].full_name} with a probability of {likely:.0%}."
    )


def ground_of(access: Access, needs: Needs, text: str) -> Ground:
    """Gather what a choice for a text is made on. Raises NoCandidate."""
    known = known_of(access.user_id)
    able: list[Candidate] = []
    excluded: dict[ModelName, str] = {}
    for each in known.candidates.values():
        problem = needs.unmet_by(each, access)
        if problem is None:
            able.append(each)
        else:
            excluded[each.name] = problem
    if not able:
        raise NoCandidate
    numbers = known.posterior.numbers
    rated = [each for each in able if each.name in numbers]
    others = [each for each in able if each.name not in numbers]
    taste = Taste(known.settings.cents_for_better, known.settings.seconds_for_better)
    expected = costs_and_times(rated, known.figures, needs.tokens)
    costs, times = [cost for cost, _ in expected], [seconds for _, seconds in expected]
    burdens = [taste.burden(*each) for each in zip(filled(costs), filled(times), strict=True)]
    belief = known.posterior.about(text, [numbers[each.name] for each in rated])
    return Ground(known, rated, others, excluded, belief, costs, times, burdens, category(text))


def known_of(user_id: int) -> Known:
    """Return what is known for choices of a user: kept in memory until a vote, a key, a model or a setting changes."""
    depends_on = [
        selections.key(user_id, "known"),
        models.key(SHARED_OWNER, "candidates"),
        keys.key(user_id, "candidates"),
        keys.key(SHARED_OWNER, "candidates"),
    ]
    known = _memo.get(user_id, depends_on, partial(_read, user_id))
    if time.monotonic() - known.read_at > FIGURES_TTL:
        known.figures, known.read_at = figures(user_id), time.monotonic()
    return known


def settings_of(user_id: int) -> SelectionSettings:
    """Return a user's settings, new ones if nothing was set."""
    return SelectionSettings.objects.filter(pk=user_id).first() or SelectionSettings(user_id=user_id)


def default_order(ground: Ground) -> list[ModelName]:
    """Return the default model, then the others, those that answered most first.

    Without a default model that can take the request, it is the first of the user's list, else the one used most.
    """
    own, able = ground.known.settings, [each.name for each in (*ground.rated, *ground.others)]
    named = [(name.partition("/")[0], name.partition("/")[2]) for name in (own.default_model, *own.candidates) if name]
    used = ground.known.figures
    by_use = sorted(able, key=lambda name: -used[name].answers if name in used else 0)
    return list(dict.fromkeys([name for name in named if name in able] + by_use))


def suggested(ground: Ground) -> dict[str, Any] | None:
    """Return two models whose comparison would improve the choice, ready for `POST /compare`; None if none would.

    A model on the user's own list without a vote is asked about first.
    """
    found = choosing.suggestion(ground.belief, ground.burdens)
    new = [each for each in ground.others if each.full_name in ground.known.settings.candidates]
    if new:
        best = ground.rated[_best(ground)] if ground.rated else None
        if best is None:
            return _compared(new[0], new[1], None) if len(new) > 1 else None
        return _compared(best, new[0], None)
    if found is None or found.gain < WORTH_ASKING:
        return None
    return _compared(ground.rated[found.one], ground.rated[found.other], _likely(ground, found))


def _compared(one: Candidate, other: Candidate, probability: float | None) -> dict[str, Any]:
    pair: Sequence[Candidate] = (one, other)
    named = [{"provider": each.name[0], "model": each.name[1]} for each in pair]
    return {"models": named, "blind": True, "probability": probability}


def _likely(ground: Ground, found: Suggestion) -> float:
    return round(choosing.is_better(ground.belief, ground.burdens, found.one, found.other), 3)


def _best(ground: Ground) -> int:
    worth = choosing.utilities(ground.belief.means, ground.burdens)
    return worth.index(max(worth))


def _read(user_id: int) -> Known:
    own = settings_of(user_id)
    candidates = candidates_of(user_id, own.candidates)
    return Known(own, candidates, Posterior(votes(user_id)), figures(user_id), time.monotonic())
