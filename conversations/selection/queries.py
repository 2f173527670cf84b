"""What the choice reads of a user: votes with their prompts, and how the newest answers of each model were."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from statistics import mean, median
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Left

from conversations.comparisons.leaderboard import decided, voted_answers
from conversations.models import Comparison, ComparisonResult, Conversation, Message
from conversations.selection.posterior import ModelName, Vote
from conversations.selection.prompts import READ

CONVERSATIONS, ANSWERS, COMPARISONS = 50, 2000, 200  # the newest that are read for figures
PROMPTS = 2000  # voted on, the newest, whose texts tell which votes are on prompts like another
COLUMNS = ("provider", "model", "completion_tokens", "cost", "time")


class Figures(NamedTuple):
    """How the newest answers of a model were: how many, tokens and USD on average, seconds at the median."""

    answers: int
    tokens: float | None
    cost: float | None
    seconds: float | None


def votes(user_id: int) -> list[Vote]:
    """Return the votes of a user that decide something, the newest `PROMPTS` with their prompts; runs two queries."""
    found = list(voted_answers(user_id, None))
    prompts = dict(voted_prompts(user_id)[:PROMPTS])
    return [Vote(prompts.get(answers[0][0], ""), pairs) for answers in found if (pairs := list(_pairs(answers)))]


def voted_prompts(user_id: int) -> QuerySet[Comparison, tuple[UUID, str]]:
    """Return the ids and the beginnings of the prompts that a user voted on, newest first."""
    rows = Comparison.objects.for_user(user_id).filter(voted_at__isnull=False).order_by("-created_at", "-pk")
    return rows.values_list("pk", Left("prompt", READ))


def figures(user_id: int) -> dict[ModelName, Figures]:
    """Return the figures of each model that answered the user lately; runs four queries."""
    conversations = list(newest_conversations(user_id))
    comparisons = list(newest_comparisons(user_id))
    rows = chain(answers_in(conversations) if conversations else (), results_of(comparisons) if comparisons else ())
    answers: dict[ModelName, list[tuple[Any, ...]]] = defaultdict(list)
    for provider, model, *values in rows:
        answers[provider, model].append(tuple(values))
    return {name: _figures(values) for name, values in answers.items()}


def newest_conversations(user_id: int) -> QuerySet[Conversation, UUID]:
    """Return the ids of the conversations that went on last."""
    rows = Conversation.objects.for_user(user_id).order_by("-last_message_at", "-pk")
    return rows.values_list("pk", flat=True)[:CONVERSATIONS]


def newest_comparisons(user_id: int) -> QuerySet[Comparison, UUID]:
    """Return the ids of the newest comparisons."""
    rows = Comparison.objects.for_user(user_id).order_by("-created_at", "-pk")
    return rows.values_list("pk", flat=True)[:COMPARISONS]


def answers_in(conversations: list[UUID]) -> QuerySet[Message, Any]:
    """Return the `COLUMNS` of whole answers in conversations."""
    whole = {"role": Message.Role.ASSISTANT, "status": Message.Status.COMPLETE}
    return Message.objects.filter(conversation__in=conversations, **whole).values_list(*COLUMNS)[:ANSWERS]


def results_of(comparisons: list[UUID]) -> QuerySet[ComparisonResult, Any]:
    """Return the `COLUMNS` of whole results of comparisons."""
    return ComparisonResult.objects.filter(comparison__in=comparisons, error="").values_list(*COLUMNS)


def _pairs(answers: list[tuple[Any, ...]]) -> Iterator[tuple[ModelName, ModelName, float]]:
    """Yield the wins that a vote decides; a tie is half a win for each."""
    for one, other, tied in decided(answers):
        if tied:
            yield one, other, 0.5
            yield other, one, 0.5
        else:
            yield one, other, 1.0


def _figures(rows: list[tuple[Any, ...]]) -> Figures:
    tokens, costs, times = (_known(values) for values in zip(*rows, strict=True))
    return Figures(
        len(rows), mean(tokens) if tokens else None, mean(costs) if costs else None, median(times) if times else None
    )


def _known(values: Iterable[Any]) -> list[float]:
    return [float(value) for value in values if value is not None]
