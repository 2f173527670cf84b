"""The models that demo data is by: catalogue prices, invented speeds and strengths, and the figures of an answer."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import NamedTuple

CHARACTERS_PER_TOKEN = 4


class AnswerFigures(NamedTuple):
    """Tokens, cost in USD, and seconds of one answer, named like the columns that store them."""

    prompt_tokens: int
    completion_tokens: int
    cost: Decimal
    estimated: bool
    time: float
    ttft: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model. Prices are in USD per million tokens, `speed` in tokens a second, `ttft` in seconds."""

    provider: str
    model: str
    input_price: str
    output_price: str
    speed: float
    ttft: float
    strength: float
    weight: int  # how often it is chosen, of a thousand times

    def figures(self, rng: Random, *, prompt: int, answer: int) -> AnswerFigures:
        """Draw the figures of an answer; `prompt` and `answer` are lengths in characters."""
        prompt_tokens, completion_tokens = prompt // CHARACTERS_PER_TOKEN + 7, answer // CHARACTERS_PER_TOKEN + 1
        ttft = round(self.ttft * rng.uniform(0.6, 1.9), 4)
        time = round(ttft + completion_tokens / (self.speed * rng.uniform(0.7, 1.2)), 4)
        cost = Decimal(self.input_price) * prompt_tokens + Decimal(self.output_price) * completion_tokens
        return AnswerFigures(prompt_tokens, completion_tokens, cost.scaleb(-6), False, time, ttft)


CANDIDATES = (
    Candidate("openai", "gpt-5.4", "2.5", "15", 70, 0.6, 1.0, weight=240),
    Candidate("openai", "gpt-5.4-mini", "0.75", "4.5", 140, 0.35, 0.4, weight=180),
    Candidate("anthropic", "claude-opus-4-8", "5", "25", 55, 0.9, 1.4, weight=130),
    Candidate("anthropic", "claude-sonnet-4-6", "3", "15", 75, 0.7, 1.1, weight=180),
    Candidate("anthropic", "claude-haiku-4-5", "1", "5", 150, 0.4, 0.3, weight=80),
    Candidate("gemini", "gemini-3.5-flash", "1.5", "9", 160, 0.45, 0.6, weight=100),
    Candidate("gemini", "gemini-3.1-flash-lite", "0.25", "1.5", 220, 0.3, 0.0, weight=50),
    Candidate("mistral", "mistral-medium-3-5", "1.5", "7.5", 90, 0.4, 0.5, weight=25),
    Candidate("mistral", "mistral-large-2512", "0.5", "1.5", 80, 0.5, 0.4, weight=10),
    Candidate("mistral", "codestral-2508", "0.3", "0.9", 170, 0.3, -0.2, weight=5),
)
WEIGHTS = [candidate.weight for candidate in CANDIDATES]
