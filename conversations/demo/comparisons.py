"""Demo comparisons and their votes, the same ones at every run; better models win more often."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from conversations.demo.chats import NEWEST, SPAN, answer_about, identifier
from conversations.demo.contestants import CONTESTANTS, Contestant
from conversations.demo.text import TOPICS

VOTED, BLIND, TIED = 0.85, 0.5, 0.1  # shares of the comparisons
LUCK = 0.9  # how far an answer's quality strays from its model's strength


class DemoComparison:
    """One comparison of a demo user: `fields()` of the comparison, and of each of its `results()`."""

    def __init__(self, user: int, number: int) -> None:
        self._dice = Random(f"comparison {user} {number}")  # noqa: S311  # the same data at each run
        self.created_at = NEWEST - timedelta(seconds=round(self._dice.random() ** 2 * SPAN, 6))
        self.id: UUID = identifier(self._dice, self.created_at)

    def rows(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the comparison's columns and those of its results; to be called once."""
        dice, topic = self._dice, self._dice.choice(TOPICS)
        prompt, players = dice.choice(topic.questions), dice.sample(CONTESTANTS, dice.choice((2, 2, 3, 4)))
        results = [self._result(index, by, prompt, answer_about(dice, topic)) for index, by in enumerate(players)]
        voted, blind = dice.random() < VOTED, dice.random() < BLIND
        best = max(range(len(players)), key=lambda index: players[index].strength + dice.gauss(0, LUCK))
        comparison = {
            "id": self.id,
            "prompt": prompt,
            "system": "",
            "blind": blind,
            "revealed": voted or not blind,
            "preferred_index": best if voted and dice.random() >= TIED else None,
            "voted_at": self.created_at + timedelta(seconds=dice.randint(20, 600)) if voted else None,
            "analysis": "",
            "created_at": self.created_at,
        }
        return comparison, results

    def _result(self, index: int, by: Contestant, prompt: str, answer: str) -> dict[str, Any]:
        figures = by.figures(self._dice, prompt=len(prompt), answer=len(answer))
        prompt_tokens, completion_tokens, cost, time, ttft = figures
        return {
            "id": identifier(self._dice, self.created_at),
            "comparison_id": self.id,
            "index": index,
            "provider": by.provider,
            "model": by.model,
            "response": answer,
            "error": "",
            "error_message": "",
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "cost": cost,
            "estimated": False,
            "time": time,
            "ttft": ttft,
        }
