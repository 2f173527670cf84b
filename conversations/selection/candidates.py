"""Which models a request of a user could be answered by, and what each would cost and take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from conversations.selection.posterior import ModelName
from conversations.selection.queries import Figures
from models_registry.calls.collected import prompt_tokens
from models_registry.catalogue.lookup import usable_provider
from models_registry.keys.storage import can_be_called
from models_registry.models import LLMModel, Provider
from models_registry.providers.base import Prompt
from models_registry.query_plans import listed_models
from perf.api.access import Access

TOKENS = 500.0  # of an answer, before any is known
MOST_OF_WINDOW = 0.9  # of a context window, for a prompt whose tokens are an estimate
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that the user has a key for; None is what the registry does not know. Prices are USD a million tokens."""

    name: ModelName
    window: int | None = None
    input_price: float | None = None
    output_price: float | None = None
    vision: bool | None = None
    tools: bool | None = None

    @property
    def full_name(self) -> str:
        """The name as `provider/model`."""
        return "/".join(self.name)

    def expected_cost(self, tokens: int, known: Figures | None, usual: float) -> float | None:
        """Return what an answer to a prompt of so many tokens is likely to cost, in USD.

        By the prices of the registry and the length of the model's answers so far, which are `usual` ones where there
        are none; without prices as much as its answers did cost.
        """
        if self.input_price is None or self.output_price is None:
            return None if known is None else known.cost
        written = usual if known is None or known.tokens is None else known.tokens
        return (self.input_price * tokens + self.output_price * written) / MILLION


@dataclass(frozen=True, slots=True)
class Needs:
    """What a request needs of a model."""

    tokens: int
    images: bool = False
    tools: bool = False

    @classmethod
    def of(cls, prompt: Prompt) -> "Needs":
        """Read them from a prompt."""
        kinds = {part["type"] for turn in prompt.messages for part in turn.parts or ()}
        return cls(prompt_tokens(prompt), images="image" in kinds, tools=bool(prompt.tools))

    def unmet_by(self, candidate: Candidate, access: Access) -> str | None:
        """Return the code of the first reason why a model cannot take the request; None if nothing is known of one."""
        if not access.may_use(candidate.full_name):
            return "model_not_allowed"
        if candidate.window is not None and self.tokens > candidate.window * MOST_OF_WINDOW:
            return "context_length_exceeded"
        if self.images and candidate.vision is False:
            return "no_images"
        return "no_tools" if self.tools and candidate.tools is False else None


def candidates_of(user_id: int, names: Sequence[str]) -> dict[ModelName, Candidate]:
    """Return the available models with a key, of which only those in `names` (`provider/model`) if there are any.

    A model that only its provider knows is one if it is named.
    """
    listed = {(row.provider.slug, row.model_id): row for row in listed_models()}
    usable = {slug: _usable(user_id, slug) for slug in {slug for slug, _ in listed}}
    if not names:
        shown = (name for name, row in listed.items() if row.available and usable[name[0]])
        return {name: _candidate(name, listed[name]) for name in shown}
    chosen = [(slug, model) for slug, _, model in (name.partition("/") for name in names)]
    off = set(LLMModel.objects.filter(enabled=False).values_list("provider__slug", "model_id"))
    callable_ones = [name for name in chosen if name not in off and _usable(user_id, name[0])]
    return {name: _candidate(name, listed.get(name)) for name in callable_ones}


def costs_and_times(
    candidates: Sequence[Candidate], figures: Mapping[ModelName, Figures], tokens: int
) -> list[tuple[float | None, float | None]]:
    """Return for each model the USD and the seconds that an answer is likely to take; None where nothing is known."""
    lengths = [each.tokens for each in figures.values() if each.tokens is not None]
    usual = mean(lengths) if lengths else TOKENS
    known = [(each, figures.get(each.name)) for each in candidates]
    return [(each.expected_cost(tokens, own, usual), own and own.seconds) for each, own in known]


def filled(values: Sequence[float | None]) -> list[float | None]:
    """Put the mean of what is known in the place of what is not, so that the unknown is no reason for or against."""
    known = [value for value in values if value is not None]
    usual = mean(known) if known else None
    return [usual if value is None else value for value in values]


def _usable(user_id: int, slug: str) -> bool:
    try:
        return can_be_called(user_id, usable_provider(slug))
    except Provider.DoesNotExist:
        return False


def _candidate(name: ModelName, row: LLMModel | None) -> Candidate:
    if row is None:
        return Candidate(name)
    prices = [None if price is None else float(price) for price in (row.input_price, row.output_price)]
    return Candidate(name, row.context_window, prices[0], prices[1], row.vision, row.tools)
