"""What a replay runs: which prompts of one's own, in which order, and against whose answers."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, QuerySet

from conversations.models import Comparison, ComparisonResult, PromptSet, Replay
from conversations.selection.prompts import category
from models_registry.providers.base import Part

READ = 5_000  # voted comparisons that are looked through, the newest
GONE = "gone"  # why a prompt is skipped: it was deleted since the replay began


class Asked(NamedTuple):
    """A prompt that is asked again; `winner` is the answer that was preferred then, None for one of a set."""

    prompt: str
    system: str = ""
    attachments: Sequence[Part] = ()
    winner: ComparisonResult | None = None


def plan_of(
    user_id: int, names: Sequence[str], *, limit: int, tag: str | None, prompt_set: PromptSet | None
) -> list[dict[str, Any]]:
    """Return the plan of a replay (see `Replay.plan`) of up to `limit` prompts by the models of these names.

    Of a set all models answer a prompt side by side. A voted prompt, of a category if there is a `tag`, makes a pair
    for each model but the one that won: the newest come first, and of a prompt that was voted on twice the last winner
    is the rival. Ties and votes against all answers left no winner, and are left out.
    """
    if prompt_set is not None:
        return [{"question": each["question_id"], "models": list(names)} for each in prompt_set.prompts[:limit]]
    plan: list[dict[str, Any]] = []
    seen: set[int] = set()
    for pk, provider, model, prompt, system in _winners(user_id):
        text = hash((prompt, system))
        if text in seen or (tag is not None and category(prompt) != tag):
            continue
        seen.add(text)
        plan += [{"comparison": str(pk), "models": [name]} for name in names if name != f"{provider}/{model}"]
        if len(seen) == limit:
            break
    return plan


def winners(user_id: int) -> QuerySet[ComparisonResult, Any]:
    """Return the answers that a user preferred, those of the newest comparisons first."""
    rows = ComparisonResult.objects.filter(comparison__user_id=user_id, comparison__voted_at__isnull=False, error="")
    rows = rows.filter(index=F("comparison__preferred_index")).order_by("-comparison__created_at", "-comparison_id")
    columns = ("comparison_id", "provider", "model", "comparison__prompt", "comparison__system")
    return rows.values_list(*columns)[:READ]


def _winners(user_id: int) -> Iterator[tuple[UUID, str, str, str, str]]:
    return winners(user_id).iterator(chunk_size=100)


def asked_by(replay: Replay, item: dict[str, Any], questions: dict[str, dict[str, Any]]) -> Asked | None:
    """Read what an item of a plan asks; None if it is gone. `questions` are those of the set, by their ids."""
    if "question" in item:
        found = questions.get(item["question"])
        return None if found is None else Asked(found["turns"][0])
    row = Comparison.objects.for_user(replay.user_id).filter(pk=UUID(item["comparison"])).first()
    if row is None or row.preferred_index is None:
        return None
    winner = row.results.filter(index=row.preferred_index, error="").first()
    if winner is None or f"{winner.provider}/{winner.model}" in item["models"]:  # the vote was changed since
        return None
    return Asked(row.prompt, row.system, row.attachments or (), winner)
