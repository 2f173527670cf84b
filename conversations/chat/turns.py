"""Which turns of a conversation are sent to a model: they alternate, and what failed is left out."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from models_registry.providers.base import Turn

TICK = timedelta(microseconds=1)  # what a column of times can tell apart
BLANK_LINE = "\n\n"

Row = tuple[Any, str, datetime]  # role, text and time of a message


def joined(turns: Iterable[Turn]) -> list[Turn]:
    """Join consecutive turns of one role with a blank line, since strict servers take only roles that alternate."""
    together: list[Turn] = []
    for turn in turns:
        if together and together[-1].role == turn.role:
            together[-1] = Turn(turn.role, together[-1].content + BLANK_LINE + turn.content)
        else:
            together.append(turn)
    return together


def alternating(rows: Iterable[Row]) -> list[Turn]:
    """Return the pairs of a question and its answer, then the question that is last, if it has no answer.

    `rows` are the messages with text, oldest first. A question without an answer before the last one is one whose call
    failed: were it sent again, it would fail every later call as well.
    """
    turns: list[Turn] = []
    question: Turn | None = None
    for turn in _requests(rows):
        if turn.role == "user":
            question = turn
        elif question is not None:
            turns += [question, turn]
            question = None
    return turns if question is None else [*turns, question]


def _requests(rows: Iterable[Row]) -> Iterator[Turn]:
    """Join what one request gave: messages of one role that were stored a tick apart."""
    turn: Turn | None = None
    latest: datetime | None = None
    for role, content, moment in rows:
        if turn is not None and latest is not None and turn.role == role and moment - latest == TICK:
            turn = Turn(turn.role, turn.content + BLANK_LINE + content)
        else:
            if turn is not None:
                yield turn
            turn = Turn(role, content)
        latest = moment
    if turn is not None:
        yield turn
