"""Whom a chat asks: one model, or those chosen for it, of which the next one is asked if one fails to begin."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from rest_framework.exceptions import APIException

from conversations.selection.service import Choice
from models_registry.calls.completion import Call, ResolvedModel, resolve
from models_registry.catalogue.lookup import usable_provider
from models_registry.models import Provider
from perf.api.access import Access

MakeCall = Callable[[ResolvedModel], tuple[Call, int]]


class Target:
    """The models of a chat, in the order in which they are asked; `model` is the one that is asked."""

    def __init__(self, models: Sequence[ResolvedModel], choice: Choice | None = None) -> None:
        """Take the models, at least one, and the choice that they come from, if it was not the user's."""
        self.model, *others = models
        self.choice = choice
        self._waiting = deque(others)
        self._failures: list[dict[str, Any]] = []
        self._make: MakeCall | None = None

    def call(self, make: MakeCall) -> tuple[Call, int]:
        """Make the call of the first model that can take it. Raises what the first one raises if none can."""
        self._make = make
        try:
            return make(self.model)
        except APIException as error:
            following = self.following(error)
            if following is None:
                raise
            return following

    def following(self, failure: APIException) -> tuple[Call, int] | None:
        """Make the call of the next model that can take it, after a failure; None if there is none."""
        while self._waiting and self._make is not None:
            self._note(failure)
            self.model = self._waiting.popleft()
            try:
                return self._make(self.model)
            except APIException as error:
                failure = error
        return None

    @property
    def selection(self) -> dict[str, Any] | None:
        """Which model answers, why, and which ones failed before it; None where the user named the model."""
        if self.choice is None:
            return None
        return {
            "provider": self.model.provider.slug,
            "model": self.model.id,
            "reason": {"code": self.choice.code, "message": self.choice.reason},
            "votes": self.choice.votes,
            "category": self.choice.category,
            "failed": list(self._failures),
            "compare_suggested": self.choice.suggested,
        }

    def _note(self, failure: APIException) -> None:
        named = {"provider": self.model.provider.slug, "model": self.model.id}
        self._failures.append({**named, "error": failure.get_codes(), "message": str(failure.detail)})


def target_of(access: Access, choice: Choice) -> Target:
    """Resolve the models of a choice. Raises what is wrong with the first one when none of them can be called."""
    resolved: list[ResolvedModel] = []
    first: Exception | None = None
    for provider, model in choice.order:
        try:
            resolved.append(resolve(access=access, provider=usable_provider(provider), model=model))
        except (APIException, Provider.DoesNotExist) as error:
            first = first or error
    if not resolved:
        raise first or AssertionError("A choice has models.")
    return Target(resolved, choice)
