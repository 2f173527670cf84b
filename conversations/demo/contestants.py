"""The models of demo data, with prices of the catalogue and a made-up pace, and what an answer of theirs takes."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random

CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Contestant:
    """A model; prices in USD per million tokens, `pace` in tokens a second, `ttft` in seconds."""

    provider: str
    model: str
    input_price: Decimal
    output_price: Decimal
    pace: float
    ttft: float
    strength: float
    weight: int  # how often it is chosen, in a thousand

    def figures(self, dice: Random, *, prompt: int, answer: int) -> tuple[int, int, Decimal, float, float]:
        """Return prompt and completion tokens, cost in USD, time and time to first token of texts of these lengths."""
        prompt_tokens, completion_tokens = prompt // CHARACTERS_PER_TOKEN + 7, answer // CHARACTERS_PER_TOKEN + 1
        ttft = round(self.ttft * dice.uniform(0.6, 1.9), 4)
        time = round(ttft + completion_tokens / (self.pace * dice.uniform(0.7, 1.2)), 4)
        cost = (self.input_price * prompt_tokens + self.output_price * completion_tokens).scaleb(-6)
        return prompt_tokens, completion_tokens, cost, time, ttft


def _contestant(
    provider: str, model: str, prices: tuple[str, str], pace: float, ttft: float, strength: float, *, weight: int
) -> Contestant:
    return Contestant(provider, model, Decimal(prices[0]), Decimal(prices[1]), pace, ttft, strength, weight)


CONTESTANTS = (
    _contestant("openai", "gpt-5.4", ("2.5", "15"), 70, 0.6, 1.0, weight=240),
    _contestant("openai", "gpt-5.4-mini", ("0.75", "4.5"), 140, 0.35, 0.4, weight=180),
    _contestant("anthropic", "claude-opus-4-8", ("5", "25"), 55, 0.9, 1.4, weight=130),
    _contestant("anthropic", "claude-sonnet-4-6", ("3", "15"), 75, 0.7, 1.1, weight=180),
    _contestant("anthropic", "claude-haiku-4-5", ("1", "5"), 150, 0.4, 0.3, weight=80),
    _contestant("gemini", "gemini-3.5-flash", ("1.5", "9"), 160, 0.45, 0.6, weight=100),
    _contestant("gemini", "gemini-3.1-flash-lite", ("0.25", "1.5"), 220, 0.3, 0.0, weight=50),
    _contestant("mistral", "mistral-medium-3-5", ("1.5", "7.5"), 90, 0.4, 0.5, weight=25),
    _contestant("mistral", "mistral-large-2512", ("0.5", "1.5"), 80, 0.5, 0.4, weight=10),
    _contestant("mistral", "codestral-2508", ("0.3", "0.9"), 170, 0.3, -0.2, weight=5),
)
WEIGHTS = [contestant.weight for contestant in CONTESTANTS]
