"""Makes a provider's text storable: no NUL, no lone surrogates, not over a million characters."""

import re

MAX_CHARACTERS = 1_000_000
CUT = "The answer was cut at 1,000,000 characters."

_SURROGATE = re.compile("[\ud800-\udfff]")
_HIGH = ("\ud800", "\udbff")


class TextCleaner:
    """Cleans an answer piece by piece, with the same result however it was cut into pieces.

    NUL is dropped, the halves of a surrogate pair are joined, a lone half becomes U+FFFD. What exceeds
    `MAX_CHARACTERS` is dropped and `cut` is set: nothing more is worth asking for then.
    """

    def __init__(self) -> None:
        self.cut = False
        self._room = MAX_CHARACTERS
        self._half = ""  # a high surrogate whose low one may be in the next piece

    def feed(self, text: str) -> str:
        """Clean the next piece."""
        if "\0" in text:
            text = text.replace("\0", "")
        if self._half or (not text.isascii() and _SURROGATE.search(text)):
            text = self._join(text)
        return self._bound(text)

    def finish(self) -> str:
        """Give what was held back for a piece that never came."""
        half, self._half = self._half, ""
        return self._bound("\ufffd") if half else ""

    def _join(self, text: str) -> str:
        text, self._half = self._half + text, ""
        if text and _HIGH[0] <= text[-1] <= _HIGH[1]:
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _bound(self, text: str) -> str:
        self._room -= len(text)
        if self._room < 0:
            self.cut = True
            text, self._room = text[: self._room], 0
        return text


def clean(text: str) -> tuple[str, bool]:
    """Clean a whole text; says whether it was cut."""
    cleaner = TextCleaner()
    return cleaner.feed(text) + cleaner.finish(), cleaner.cut
