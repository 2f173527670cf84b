"""Demo conversations: the same ones at every run, each made from a user's number and its own.

A conversation is made message by message, so that a longer one begins like a shorter one.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from conversations.chat.service import TITLE_FROM_MESSAGE
from conversations.demo.contestants import CONTESTANTS, WEIGHTS
from conversations.demo.text import FOLLOW_UPS, OPENINGS, TOPICS, Topic
from conversations.models import PREVIEW_LENGTH, Message

NEWEST = datetime(2026, 10, 1, tzinfo=UTC)  # fixed: rows that depend on today would be others tomorrow
SPAN = 730 * 86_400  # seconds before that in which conversations began
INTERRUPTED = 0.01  # share of answers that broke off

MESSAGE_COLUMNS = (
    "id",
    "conversation_id",
    "role",
    "content",
    "provider",
    "model",
    "status",
    "created_at",
    "prompt_tokens",
    "completion_tokens",
    "cost",
    "estimated",
    "time",
    "ttft",
)
CONTENT, ROLE, CREATED_AT = (MESSAGE_COLUMNS.index(name) for name in ("content", "role", "created_at"))


class DemoConversation:
    """One conversation of a demo user; `messages()` writes as much of it as is asked for."""

    def __init__(self, user: int, number: int) -> None:
        self._dice = Random(f"conversation {user} {number}")  # noqa: S311  # the same data at each run
        # Most were begun lately, as a list of conversations looks.
        self.created_at = NEWEST - timedelta(seconds=round(self._dice.random() ** 2 * SPAN, 6))
        self.id = identifier(self._dice, self.created_at)

    def messages(self, length: int) -> list[tuple[Any, ...]]:
        """Write the first `length` messages as rows of `MESSAGE_COLUMNS`; to be called once."""
        dice = self._dice
        self.topic = dice.choice(TOPICS)
        self.contestant = dice.choices(CONTESTANTS, WEIGHTS)[0]
        turns = self._turns()
        return [next(turns) for _ in range(length)]

    def fields(self, messages: list[tuple[Any, ...]]) -> dict[str, Any]:
        """Return what a conversation with exactly these messages says of itself and of them."""
        asked = [row[CONTENT] for row in messages if row[ROLE] == Message.Role.USER]
        latest = messages[-1][CREATED_AT] if messages else self.created_at
        return {
            "id": self.id,
            "provider": self.contestant.provider,
            "model": self.contestant.model,
            "title": asked[0][:TITLE_FROM_MESSAGE].rstrip() if asked else "",
            "system": "",
            "message_count": len(messages),
            "preview": asked[-1][:PREVIEW_LENGTH] if asked else "",
            "created_at": self.created_at,
            "updated_at": latest,
            "last_message_at": latest,
        }

    def _turns(self) -> Iterator[tuple[Any, ...]]:
        dice, by, moment, said = self._dice, self.contestant, self.created_at, 0
        for turn in count():
            question = dice.choice(FOLLOW_UPS if turn else self.topic.questions)
            said += len(question)
            moment += timedelta(microseconds=dice.randrange(2_000_000, 300_000_000))
            row = self._row(moment, Message.Role.USER, question, Message.Status.COMPLETE)
            yield (*row, None, None, None, False, None, None)
            answer, status = answer_about(dice, self.topic), Message.Status.COMPLETE
            if dice.random() < INTERRUPTED:
                answer, status = answer[: len(answer) // 2], Message.Status.INTERRUPTED
            prompt_tokens, completion_tokens, cost, time, ttft = by.figures(dice, prompt=said, answer=len(answer))
            said += len(answer)
            moment += timedelta(seconds=time)
            row = self._row(moment, Message.Role.ASSISTANT, answer, status)
            yield (*row, prompt_tokens, completion_tokens, cost, False, time, ttft)

    def _row(self, moment: datetime, role: Message.Role, content: str, status: Message.Status) -> tuple[Any, ...]:
        by = self.contestant
        return identifier(self._dice, moment), self.id, role.value, content, by.provider, by.model, status.value, moment


def answer_about(dice: Random, topic: Topic) -> str:
    """Write an answer of two to six sentences."""
    return " ".join([dice.choice(OPENINGS), *dice.sample(topic.sentences, dice.randint(2, 6))])


def identifier(dice: Random, moment: datetime) -> UUID:
    """Make a UUIDv7 of a moment; RFC 9562, section 5.7."""
    milliseconds = int(moment.timestamp() * 1000)
    bits = dice.getrandbits(74)
    return UUID(int=milliseconds << 80 | 7 << 76 | bits >> 62 << 64 | 2 << 62 | bits & (1 << 62) - 1)
