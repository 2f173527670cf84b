"""How the stub answers, read from the name of the model, so that it works over processes and keeps no state."""

import re
from dataclasses import dataclass, fields
from functools import lru_cache
from urllib.parse import parse_qsl

WORDS = re.compile(r"\s*\S+\s*")
PIECE_OF_SIZE = 4_096  # characters a chunk when only `size` is given


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The query string of a model name: `stub?chunks=10&delay=0.1`; whatever precedes the `?` is free.

    A plain name echoes the last user message word by word. A request without a model (a list of models) is scripted
    by its API key. What is answered:

    - `reply`: this text instead of the echo; `size`: so many characters of filler instead
    - `chunks`: so many pieces, the words over again or cut short (default: the words)
    - `nul=1`: a NUL in the first piece; `surrogate=1`: a pair split over two pieces, then a lone half
    - `content=null`, `content=parts`: null, or a list of text parts, where the text would be
    - `usage=0`: never reported; `usage=always`: in the last chunk of a stream although not asked for
    - `finish`: the finish or stop reason (default: each format's normal one)

    When, and in which bytes:

    - `first`, `delay`: seconds before the first byte and between pieces
    - `split`: at most so many bytes a write; `lines=crlf`, `lines=cr`: line ends; `comments=1`: comments between events

    What goes wrong:

    - `status`: this HTTP status, with `message`, `retry_after`, `retry_after_ms`, `should_retry`
    - `fail` and `id`: only the first `fail` requests of that `id` get `status` (default 500), or a closed connection
      when `status=0`
    - `error`: this error type after half of the pieces; in a whole answer instead of it, with status 200
    - `cut`: the connection is closed after so many pieces, or in the middle of a whole answer; 0: before any byte
    - `end=early`: a clean end of the body without a finish; `end=finish`: without [DONE]; `end=open`: with it, but the
      body never ends
    - `hang=first`, `hang=headers`, `hang=mid`: nothing more from there on
    - `garbage=1`: not JSON; `garbage=shape`: JSON of another shape; `garbage=html`: a web page, status 200
    - `redirect`: a 307 to this address
    """

    reply: str = ""
    size: int = 0
    chunks: int = 0
    nul: bool = False
    surrogate: bool = False
    content: str = ""
    usage: str = ""
    finish: str = ""
    first: float = 0.0
    delay: float = 0.0
    split: int = 0
    lines: str = ""
    comments: bool = False
    status: int | None = None
    message: str = ""
    retry_after: str = ""
    retry_after_ms: str = ""
    should_retry: str = ""
    fail: int = 0
    id: str = ""
    error: str = ""
    cut: int | None = None
    end: str = ""
    hang: str = ""
    garbage: str = ""
    redirect: str = ""

    def pieces(self, prompt: str) -> list[str]:
        """Cut the answer to `prompt` into the pieces that a stream sends one by one."""
        pieces = self._filler() if self.size else self._words(self.reply or prompt)
        if self.nul:
            pieces = ["\0" + pieces[0] if pieces else "\0", *pieces[1:]]
        if self.surrogate:
            pieces = [*pieces, "\ud83d", "\ude00", "\ud83d", "x"]
        return pieces

    def _words(self, text: str) -> list[str]:
        words = WORDS.findall(text) or [text]
        return [words[i % len(words)] for i in range(self.chunks)] if self.chunks else words

    def _filler(self) -> list[str]:
        step = -(-self.size // self.chunks) if self.chunks else PIECE_OF_SIZE
        return ["x" * min(step, self.size - start) for start in range(0, self.size, step)]


_TYPES = {field.name: field.type for field in fields(Script)}


@lru_cache(maxsize=1024)
def parse(name: str) -> Script:
    """Read a model's name (or an API key); raises ValueError for a word that is not in the vocabulary."""
    _, _, query = name.partition("?")
    values: dict[str, object] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in _TYPES:
            raise ValueError(f"The stub knows no {key!r}: see models_registry.fake_provider.script.Script.")
        values[key] = _typed(str(_TYPES[key]), value)
    return Script(**values)  # type: ignore[arg-type]


def _typed(kind: str, value: str) -> object:
    if "bool" in kind:
        return value not in ("", "0", "false")
    if "float" in kind:
        return float(value)
    return int(value) if "int" in kind else value
