"""What a prompt is about: its category by plain rules, and its terms, weighted by how rare they are (TF-IDF).

The weights are those of Salton and Buckley, "Term-weighting approaches in automatic text retrieval", Information
Processing & Management 24 (1988): a term counts once a prompt, times the logarithm of how few prompts have it.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from conversations.search.scripts import RUNS

READ = 4000  # characters of a prompt that are read
MOST_TERMS = 64  # of a prompt, the first ones
MOST_KNOWN = 4000  # terms over all prompts, the most frequent ones
GENERAL = "general"

_WORD = re.compile(r"[^\W_][\w'\u2019+#-]*")
_RUN = re.compile(f"[{RUNS}]+")

# In the languages of the page: English, German and French. The first category that fits is the prompt's.
_RULES = {
    "code": r"```|\b(?:python|javascript|typescript|java|rust|golang|sql|regex|html|css|bash|docker|git|django|react|"
    r"function|class|compile\w*|debug\w*|refactor\w*|stack ?trace|exception|unit tests?|api|json|fonction|funktion|"
    r"programm\w*|quellcode|script)\b|\w\(\)|c\+\+|c#",
    "maths": r"\b(?:prove|proof|theorem|equation|integral|derivative|probability|matrix|calculate|solve|beweis\w*|"
    r"gleichung\w*|berechne\w*|ableitung|wahrscheinlichkeit|démontre\w*|équation\w*|calcule\w*|dérivée)\b|\d\s*[*^√=]\s*\d",
    "translation": r"\b(?:translat\w*|übersetz\w*|tradui\w*|traduction)\b",
    "summary": r"\b(?:summar\w*|tl;?dr|key points|zusammenfass\w*|fasse\b.*\bzusammen|résum\w*)\b",
    "writing": r"\b(?:write|poem|story|essay|email|e-mail|letter|blog|slogan|rewrite|rephrase|novel|lyrics|schreib\w*|"
    r"gedicht|geschichte|aufsatz|brief|écri\w*|rédige\w*|poème|histoire|lettre)\b",
}
_CATEGORIES = {name: re.compile(rule, re.IGNORECASE) for name, rule in _RULES.items()}
CATEGORIES = (*_CATEGORIES, GENERAL)


def category(prompt: str) -> str:
    """Return the category of a prompt, `GENERAL` for one that fits no other."""
    text = prompt[:READ]
    return next((name for name, rule in _CATEGORIES.items() if rule.search(text)), GENERAL)


def terms(prompt: str) -> list[str]:
    """Return the different terms of a prompt: words, and pairs of letters of scripts that put no blanks between."""
    found: dict[str, None] = {}
    for word in _WORD.findall(prompt[:READ].lower()):
        runs = _RUN.findall(word)
        pairs = (run[place : place + 2] for run in runs for place in range(max(1, len(run) - 1)))
        found |= dict.fromkeys(pairs if runs else (word,))
        if len(found) >= MOST_TERMS:
            break
    return list(found)[:MOST_TERMS]


def rarity(prompts: Iterable[Iterable[str]]) -> dict[str, float]:
    """Return the weight of each term by the terms of all prompts; of one that a single prompt has nothing is known."""
    counts: Counter[str] = Counter()
    total = 0
    for each in prompts:
        counts.update(each)
        total += 1
    common = [(term, count) for term, count in counts.most_common(MOST_KNOWN) if 1 < count < total]
    return {term: math.log(total / count) for term, count in common}


def vector(found: Iterable[str], weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weights of a prompt's terms as a vector of length 1, {} without a known term."""
    known = {term: weights[term] for term in found if term in weights}
    length = math.sqrt(sum(weight**2 for weight in known.values()))
    return {term: weight / length for term, weight in known.items()} if length else {}
