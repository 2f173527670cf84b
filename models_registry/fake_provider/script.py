"""Scripts: the model's name says how the fake provider responds, so that a test in another process needs no set-up."""

import re
from dataclasses import dataclass, fields
from functools import lru_cache
from urllib.parse import parse_qsl

WORDS = re.compile(r"\s*\S+\s*")
FILLER_PIECE = 4_096  # characters of a piece when only `size` is given


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The query string of a model name, like `stub?chunks=10&delay=0.1`; the part before the `?` has no meaning.

    Without a script the response echoes the last user message, each word a piece. A request without a model, for the
    list of models, is scripted by its API key. The text of the response:

    - `reply`: this text instead of the echo; `size`: this number of characters of filler instead
    - `chunks`: the number of pieces; the words are repeated or left out to fit (default: as many as words)
    - `nul=1`: a NUL in the first piece; `surrogate=1`: a pair split over two pieces, then a lone half
    - `content=null`, `content=parts`: null, or a list of text parts, instead of the text
    - `usage=0`: no usage; `usage=always`: usage in the last chunk of a stream, even if not requested
    - `finish`: the finish or stop reason (default: each format's normal one)
    - `think`: what is thought before the answer, in one piece
    - `tool` and `arguments`: the name of a tool that is called and its arguments in JSON, after `reply` if given; when
      the last message is what a tool answered, the response is as without them

    Timing and bytes:

    - `first`, `delay`: seconds before the first byte and between pieces
    - `split`: the largest write in bytes; `lines=crlf`, `lines=cr`: line ends; `comments=1`: comments between events

    Failures:

    - `status`: this HTTP status, with `message`, `retry_after`, `retry_after_ms`, `should_retry`
    - `fail` and `id`: only the first `fail` requests of that `id` get `status` (default 500), or a closed connection
      when `status=0`
    - `error`: an error of this type after half of the pieces, or instead of a whole response, with status 200
    - `cut`: the connection closes after this number of pieces, or in the middle of a whole response; 0: before any byte
    - `end=early`: the body ends without a finish reason; `end=finish`: without [DONE]; `end=open`: never, after [DONE]
    - `hang=first`, `hang=headers`, `hang=mid`: no bytes at all, or none after the headers or half of the pieces
    - `garbage=1`: invalid JSON; `garbage=shape`: JSON of another schema; `garbage=html`: a web page with status 200
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
    think: str = ""
    tool: str = ""
    arguments: str = "{}"
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
        """Return the pieces of the response to `prompt`; a stream sends each in one event."""
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
        step = -(-self.size // self.chunks) if self.chunks else FILLER_PIECE
        return ["x" * min(step, self.size - start) for start in range(0, self.size, step)]


_TYPES = {field.name: field.type for field in fields(Script)}


@lru_cache(maxsize=1024)
def parse(name: str) -> Script:
    """Parse the script in a model's name or an API key. Raises ValueError for an unknown option or a bad number."""
    _, _, query = name.partition("?")
    values: dict[str, object] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in _TYPES:
            raise ValueError(f"There is no script option {key!r}: see models_registry.fake_provider.script.Script.")
        values[key] = _typed(str(_TYPES[key]), value)
    return Script(**values)  # type: ignore[arg-type]


def _typed(kind: str, value: str) -> object:
    if "bool" in kind:
        return value not in ("", "0", "false")
    if "float" in kind:
        return float(value)
    return int(value) if "int" in kind else value
