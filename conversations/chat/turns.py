"""Which turns of a conversation are sent to a model: they alternate, and what failed is left out."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from conversations.files.parts import files_among
from models_registry.providers.base import Part, Turn

TICK = timedelta(microseconds=1)  # what a column of times can tell apart
BLANK_LINE = "\n\n"
GO_ON = (
    "Your last message was cut off. Go on with it from exactly where it stops, in the middle of a word if need be. "
    "Say nothing before, and repeat nothing."
)

Row = tuple[Any, str, datetime, list[Part] | None]  # role, text, time and parts of a message


def joined(turns: Iterable[Turn]) -> list[Turn]:
    """Join consecutive turns of one role with a blank line, since strict servers take only roles that alternate."""
    together: list[Turn] = []
    for turn in turns:
        if together and together[-1].role == turn.role:
            together[-1] = _both(together[-1], turn)
        else:
            together.append(turn)
    return together


def alternating(rows: Iterable[Row]) -> list[Turn]:
    """Return the pairs of a question and its answer, then the question that is last, if it has no answer.

    `rows` are the messages with text or files, oldest first; of their parts only files of questions are sent again. A
    question without an answer before the last one is one whose call failed: were it sent again, it would fail every
    later call as well.
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


def going_on(text: str, *, prefills: bool) -> list[Turn]:
    """Return what stands behind a question for the model to go on with an answer that stops after this text.

    It is the text where the model `prefills`, and else a request follows, in words. A blank text is begun anew.
    """
    if not text.strip():
        return []
    begun = Turn("assistant", text)
    return [begun] if prefills else [begun, Turn("user", GO_ON)]


def _requests(rows: Iterable[Row]) -> Iterator[Turn]:
    """Join what one request gave: messages of one role that were stored a tick apart."""
    turn: Turn | None = None
    latest: datetime | None = None
    for role, content, moment, parts in rows:
        files = files_among(parts) if role == "user" else []
        if not content and not files:
            continue
        this = Turn(role, content, [*_text(content), *files] if files else None)
        if turn is not None and latest is not None and turn.role == role and moment - latest == TICK:
            turn = _both(turn, this)
        else:
            if turn is not None:
                yield turn
            turn = this
        latest = moment
    if turn is not None:
        yield turn


def _both(one: Turn, other: Turn) -> Turn:
    """Join two turns of one role."""
    content = BLANK_LINE.join(filter(None, (one.content, other.content)))
    if one.parts is None and other.parts is None:
        return Turn(one.role, content)
    parts = [part for turn in (one, other) for part in (_text(turn.content) if turn.parts is None else turn.parts)]
    return Turn(one.role, content, parts)


def _text(content: str) -> list[Part]:
    return [{"type": "text", "text": content}] if content else []
