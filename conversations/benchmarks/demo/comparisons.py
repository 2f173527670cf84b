"""Demo comparisons and their votes, the same ones at every run; stronger models win more often."""

from datetime import timedelta
from random import Random
from typing import Any

from conversations.benchmarks.demo.candidates import CANDIDATES, Candidate
from conversations.benchmarks.demo.chats import answer_about, recent_moment, uuid7_at
from conversations.benchmarks.demo.text import TOPICS

VOTED, BLIND, TIED = 0.85, 0.5, 0.1  # shares of the comparisons
NOISE = 0.9  # standard deviation of an answer's quality around its model's strength


class DemoComparison:
    """One comparison of a demo user."""

    def __init__(self, user: int, number: int) -> None:
        self._rng = Random(f"comparison {user} {number}")  # noqa: S311  # the same data at each run
        self.created_at = recent_moment(self._rng)
        self.id = uuid7_at(self._rng, self.created_at)

    def rows(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Draw the columns of the comparison and of its results. May be called once."""
        rng, topic = self._rng, self._rng.choice(TOPICS)
        prompt, candidates = rng.choice(topic.questions), rng.sample(CANDIDATES, rng.choice((2, 2, 3, 4)))
        results = [self._result(index, each, prompt, answer_about(rng, topic)) for index, each in enumerate(candidates)]
        voted, blind = rng.random() < VOTED, rng.random() < BLIND
        best = max(range(len(candidates)), key=lambda index: candidates[index].strength + rng.gauss(0, NOISE))
        comparison = {
            "id": self.id,
            "prompt": prompt,
            "system": "",
            "blind": blind,
            "revealed": voted or not blind,
            "preferred_index": best if voted and rng.random() >= TIED else None,
            "voted_at": self.created_at + timedelta(seconds=rng.randint(20, 600)) if voted else None,
            "analysis": "",
            "created_at": self.created_at,
        }
        return comparison, results

    def _result(self, index: int, candidate: Candidate, prompt: str, answer: str) -> dict[str, Any]:
        figures = candidate.figures(self._rng, prompt=len(prompt), answer=len(answer))
        return {
            "id": uuid7_at(self._rng, self.created_at),
            "comparison_id": self.id,
            "index": index,
            "provider": candidate.provider,
            "model": candidate.model,
            "response": answer,
            "error": "",
            "error_message": "",
            **figures._asdict(),
        }
