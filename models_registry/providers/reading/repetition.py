"""Leaves out what an answer repeats of the text that it goes on after."""


class Repetition:
    """Takes the pieces of an answer, and withholds a text that they may begin with again.

    The text is left out if all of it comes, and also if the answer ends within it; what begins otherwise is passed on.
    """

    def __init__(self, text: str) -> None:
        """Take the text, "" for none."""
        self._text = text
        self._held = ""

    def feed(self, piece: str) -> str:
        """Return what of the answer is known to be new, with this piece."""
        if not self._text:
            return piece
        self._held += piece
        size = min(len(self._held), len(self._text))
        if self._held[:size] != self._text[:size]:
            self._text = ""
            return self._held
        if size < len(self._text):
            return ""
        self._text = ""
        return self._held[size:]
