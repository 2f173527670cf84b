"""Tells the thinking between `<think>` and `</think>` at the beginning of an answer from the answer."""

from models_registry.providers.base import Reasoning

OPENING, CLOSING = "<think>", "</think>"


class ThinkTags:
    """Takes the pieces of an answer, and gives text and `Reasoning`, the same however the answer was cut into pieces.

    Only an answer that begins with the tag is thinking; blanks around both parts are dropped. Thinking that is never
    closed is thinking to its end.
    """

    def __init__(self) -> None:
        self._state = self._before
        self._held = ""  # what may be the beginning of a tag, or blanks that may be the last

    def feed(self, text: str) -> list[str]:
        """Take the next piece."""
        if self._state == self._after and not self._held:
            return [text]
        self._held += text
        pieces: list[str] = []
        while self._state(pieces):
            pass
        return [piece for piece in pieces if piece]

    def finish(self) -> list[str]:
        """Give what was held back for a tag that never came."""
        rest, self._held = self._held, ""
        if self._state == self._thinking:
            return [Reasoning(rest.rstrip())] if rest.strip() else []
        return [rest] if rest and self._state == self._before else []

    def _before(self, pieces: list[str]) -> bool:
        """Wait for the tag as long as it may come."""
        begun = self._held.lstrip()
        if begun.startswith(OPENING):
            self._held = begun.removeprefix(OPENING)
            self._state = self._opened
            return True
        if not OPENING.startswith(begun):
            self._state = self._after
            pieces.append(self._held)
            self._held = ""
        return False

    def _opened(self, pieces: list[str]) -> bool:  # noqa: ARG002 - the other states add to them
        self._held = self._held.lstrip()
        if self._held:
            self._state = self._thinking
        return bool(self._held)

    def _thinking(self, pieces: list[str]) -> bool:
        """Give what is surely thought: neither the beginning of the closing tag nor blanks before it."""
        thought, closing, rest = self._held.partition(CLOSING)
        if closing:
            pieces.append(Reasoning(thought.rstrip()))
            self._held = rest
            self._state = self._closed
            return True
        cut = next((size for size in range(len(CLOSING) - 1, 0, -1) if thought.endswith(CLOSING[:size])), 0)
        sure = thought[: len(thought) - cut].rstrip()
        pieces.append(Reasoning(sure))
        self._held = thought[len(sure) :]
        return False

    def _closed(self, pieces: list[str]) -> bool:
        """Drop the blank lines before the answer."""
        self._held = self._held.lstrip()
        if self._held:
            pieces.append(self._held)
            self._held = ""
            self._state = self._after
        return False

    def _after(self, pieces: list[str]) -> bool:
        pieces.append(self._held)
        self._held = ""
        return False
