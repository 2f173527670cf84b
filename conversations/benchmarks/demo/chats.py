"""Demo conversations, the same ones at every run: each is drawn from its user's number and its own.

The messages are drawn one after the other, so that a longer conversation begins like a shorter one.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count, islice
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from conversations.benchmarks.demo.candidates import CANDIDATES, WEIGHTS
from conversations.benchmarks.demo.text import FOLLOW_UPS, OPENINGS, TOPICS, Topic
from conversations.chat.service import TITLE_FROM_MESSAGE
from conversations.models import PREVIEW_LENGTH, Message

NEWEST = datetime(2026, 10, 1, tzinfo=UTC)  # fixed, so that the rows do not depend on today
SPAN = 730 * 86_400  # seconds before that in which conversations began
INTERRUPTED = 0.01  # share of answers that are interrupted


class MessageRow(NamedTuple):
    """The columns of a demo message, in the order in which they are written."""

    id: UUID
    conversation_id: UUID
    role: str
    content: str
    provider: str
    model: str
    status: str
    created_at: datetime
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: Decimal | None = None
    estimated: bool = False
    time: float | None = None
    ttft: float | None = None


class DemoConversation:
    """One conversation of a demo user, begun before `NEWEST`, or on a `day`, which has conversations of its own."""

    def __init__(self, user: int, number: int, day: date | None = None) -> None:
        name = f"conversation {user} {number}" if day is None else f"conversation {user} {number} {day}"
        self._rng = Random(name)  # noqa: S311  # the same data at each run
        self.created_at = recent_moment(self._rng) if day is None else moment_of(self._rng, day)
        self.id = uuid7_at(self._rng, self.created_at)

    def messages(self, length: int) -> list[MessageRow]:
        """Draw the first `length` messages. May be called once."""
        self.topic = self._rng.choice(TOPICS)
        self.candidate = self._rng.choices(CANDIDATES, WEIGHTS)[0]
        return list(islice(self._turns(), length))

    def fields(self, messages: list[MessageRow]) -> dict[str, Any]:
        """Return the columns of the conversation if it has exactly these messages."""
        questions = [row.content for row in messages if row.role == Message.Role.USER]
        latest = messages[-1].created_at if messages else self.created_at
        return {
            "id": self.id,
            "provider": self.candidate.provider,
            "model": self.candidate.model,
            "title": questions[0][:TITLE_FROM_MESSAGE].rstrip() if questions else "",
            "system": "",
            "message_count": len(messages),
            "preview": questions[-1][:PREVIEW_LENGTH] if questions else "",
            "created_at": self.created_at,
            "updated_at": latest,
            "last_message_at": latest,
        }

    def _turns(self) -> Iterator[MessageRow]:
        rng, moment, history = self._rng, self.created_at, 0
        for turn in count():
            question = rng.choice(FOLLOW_UPS if turn else self.topic.questions)
            history += len(question)
            moment += timedelta(microseconds=rng.randrange(2_000_000, 300_000_000))
            yield self._row(moment, Message.Role.USER, question)
            answer, status = answer_about(rng, self.topic), Message.Status.COMPLETE
            if rng.random() < INTERRUPTED:
                answer, status = answer[: len(answer) // 2], Message.Status.INTERRUPTED
            figures = self.candidate.figures(rng, prompt=history, answer=len(answer))
            history += len(answer)
            moment += timedelta(seconds=figures.time)
            yield self._row(moment, Message.Role.ASSISTANT, answer, status, *figures)

    def _row(
        self,
        moment: datetime,
        role: Message.Role,
        content: str,
        status: Message.Status = Message.Status.COMPLETE,
        *figures: Any,
    ) -> MessageRow:
        pk, by = uuid7_at(self._rng, moment), self.candidate
        return MessageRow(pk, self.id, role.value, content, by.provider, by.model, status.value, moment, *figures)


def answer_about(rng: Random, topic: Topic) -> str:
    """Draw an answer of two to six sentences after an opening."""
    return " ".join([rng.choice(OPENINGS), *rng.sample(topic.sentences, rng.randint(2, 6))])


def recent_moment(rng: Random) -> datetime:
    """Draw a moment before `NEWEST`; late ones are more likely, as in the history of a real user."""
    return NEWEST - timedelta(seconds=round(rng.random() ** 2 * SPAN, 6))


def moment_of(rng: Random, day: date) -> datetime:
    """Draw a moment of a day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=round(rng.random() * 86_400, 6))


def uuid7_at(rng: Random, moment: datetime) -> UUID:
    """Draw a UUIDv7 of a moment; RFC 9562, section 5.7."""
    milliseconds = int(moment.timestamp() * 1000)
    bits = rng.getrandbits(74)
    return UUID(int=milliseconds << 80 | 7 << 76 | bits >> 62 << 64 | 2 << 62 | bits & (1 << 62) - 1)
