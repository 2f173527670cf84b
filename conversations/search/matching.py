"""What the databases are asked for a search's terms: a `tsquery`, regular expressions, a query of FTS5, a function."""

import re
from dataclasses import dataclass
from functools import lru_cache

from conversations.search.scripts import EMOJI, MARKS, RUNS, separators
from conversations.search.tokens import Term, Tokens, fold_letters, is_emoji, is_run, is_word, unfolded

EMOJI_PLANE = 0xF0000  # private characters, which FTS5 can be told to take for letters, stand for emoji


def tsquery(tokens: Tokens, owner: int | None = None) -> str:
    """Return a query that rows of PostgreSQL's index meet that have all words and neighbouring letters of the terms."""
    parts = [] if owner is None else [f"'@{owner}'"]
    for term in tokens.terms:
        *before, last = term.pieces
        parts += [part for piece in before for part in _lexemes(piece)]
        parts += [f"'{last}':*"] if term.prefix else _lexemes(last)
    return " & ".join(dict.fromkeys(parts))


def orders(tokens: Tokens) -> list[str]:
    """Return the regular expressions that a text must meet besides, for those terms that have an order."""
    return [
        _pattern(term)
        for term in tokens.terms
        if len(term.pieces) > 1 or (is_run(term.pieces[0]) and len(term.pieces[0]) > 2)
    ]


def fts5(tokens: Tokens) -> str:
    """Return a query of FTS5 that is met by a text with all terms."""
    return " AND ".join(f"{{body}}:{_phrase(term)}" for term in tokens.terms)


def serialized(tokens: Tokens) -> str:
    """Return the terms as a parameter of `contains`."""
    return "\n".join(" ".join(term.pieces) + ("*" if term.prefix else "") for term in tokens.terms)


def contains(text: str, terms: str) -> bool:
    """Tell whether a text has all of the serialized terms; SQLite's function."""
    folded = fold_letters(text)
    ascii_only = folded.isascii()
    return all(
        (not ascii_only or all(piece in folded for piece in each.pieces)) and each.pattern.search(folded)
        for each in _compiled(terms)
    )


@dataclass(frozen=True, slots=True)
class _Compiled:
    pieces: tuple[str, ...]
    pattern: re.Pattern[str]


@lru_cache(maxsize=64)
def _compiled(terms: str) -> list[_Compiled]:
    parsed = (Term(tuple(line.removesuffix("*").split(" ")), line.endswith("*")) for line in terms.split("\n"))
    return [_Compiled(term.pieces, re.compile(term.pattern())) for term in parsed]


def _lexemes(piece: str) -> list[str]:
    if not is_run(piece):
        return [f"'{piece}'"]
    return [f"'{pair}'" for pair in _pairs(piece)] or [f"'{piece}':*"]


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _phrase(term: Term) -> str:
    """Return a phrase of the index's words: pairs, and where a run meets another piece, its first or last letter."""
    words: list[str] = []
    final = len(term.pieces) - 1
    for number, piece in enumerate(term.pieces):
        if is_run(piece):
            words += [*([piece[0]] if number else []), *_pairs(piece), *([piece[-1]] if number < final else [])]
        else:
            words.append(chr(EMOJI_PLANE + (ord(piece) & 0xFFFF)) if is_emoji(piece) else piece)
    if not words:  # one letter, with which a pair begins, or a run ends
        return f'"{term.pieces[0]}"*'
    return f'"{" ".join(words)}"' + ("*" if term.prefix else "")


@lru_cache(maxsize=64)
def _pattern(term: Term) -> str:
    """Return a regular expression that PostgreSQL looks for in a text as it is written.

    It spells out the letters of both cases and looks around nowhere: PostgreSQL is several times as slow at both.
    """
    outside = f"[{separators()}{RUNS}{EMOJI}]"
    words = [is_word(piece) for piece in term.pieces]
    parts = [f"(?:^|{outside})"] if words[0] else []
    for number, piece in enumerate(term.pieces):
        if number:
            parts.append(f"[{separators()}]" + ("+" if words[number] and words[number - 1] else "*"))
        parts.append("".join(f"{_cases(letter)}[{MARKS}]*" for letter in piece) if words[number] else piece)
    return "".join(parts) + (f"(?:$|{outside})" if words[-1] and not term.prefix else "")


def _cases(letter: str) -> str:
    return f"[{unfolded()[letter]}]" if letter in unfolded() else letter
