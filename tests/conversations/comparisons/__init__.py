"""What tests of comparisons share: how to make one without calling a model."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from conversations.models import Comparison, ComparisonResult

# One's own models, so that a leak of a name cannot hide in another word.
MODELS = ("openai/gpt-x", "anthropic/claude-y", "mistral/large-z", "gemini/flash-w")


def comparison(
    user: User, *models: str, failed: tuple[int, ...] = (), each: dict[str, Any] | None = None, **fields: Any
) -> Comparison:
    """Store a comparison of these `provider/model`s, the first two of MODELS by default.

    `failed` are the indexes of those that broke off; `each` are fields of every result. A vote is what
    `preferred_index` says, when it is given.
    """
    if "preferred_index" in fields:
        fields = {"voted_at": timezone.now(), "revealed": True, **fields}
    row = Comparison.objects.create(user=user, **{"prompt": "Why is the sea salt?", **fields})
    ComparisonResult.objects.bulk_create(
        ComparisonResult(
            comparison=row,
            index=index,
            provider=name.partition("/")[0],
            model=name.partition("/")[2],
            **{
                "response": f"answer number {index}",
                "error": "provider_error" if index in failed else "",
                "error_message": f"{name} broke off." if index in failed else "",
                **(each or {}),
            },
        )
        for index, name in enumerate(models or MODELS[:2])
    )
    return row
