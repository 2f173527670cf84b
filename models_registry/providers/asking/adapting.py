"""What an endpoint does not take of our requests, learnt from its refusals and remembered for the next call.

The refusal decides, never the name of the model: the same name stands for other servers behind other gateways.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from models_registry.providers.reading.causes import is_about_context
from models_registry.providers.reading.waits import texts

REFUSING = frozenset({400, 404, 405, 406, 409, 415, 422, 500, 501})  # statuses that a refused parameter has come with
ATTEMPTS = 6  # requests for one call: each adds one thing to what is known
REMEMBERED = 1_024  # models
LIMITS = ("max_tokens", "max_completion_tokens")
NEEDED = frozenset({"model", "messages"})

# A refusal says that the thing is not taken at all; what says that a value is out of its range leaves it to the user.
UNSUPPORTED = re.compile(
    r"not\s+(?:be\s+)?(?:support|permit|allow|accept|available|compatible|valid for|enabled|implemented|recogni[sz]ed)"
    r"|(?:does|do|is|can)(?:n't| not) (?:support|take|accept|use|be used)|un-?support|unknown|unrecogni[sz]ed"
    r"|unexpected|extra (?:inputs?|fields?)|forbidden|deprecated|no longer|only .{0,40}(?:is|are) (?:allowed|supported)"
    r"|may only be|\bonly (?:supports? )?(?:the )?(?:default|1\b)|cannot find field|incompatible|not found|no such"
    r"|cannot be used|must be (?:unset|omitted|removed|verified)|additional propert|use '?max_completion_tokens",
    re.IGNORECASE,
)
OUT_OF_RANGE = re.compile(
    r"less than|greater than|between|\brange\b|at most|at least|too (?:large|small|high|low|big|many)|maximum|minimum"
    r"|exceed|[<>]=? ?\d",
    re.IGNORECASE,
)
STREAM = re.compile(r"\bstream(?:ing|ed)?\b(?! ?_?options)", re.IGNORECASE)
SYSTEM = re.compile(
    r"\bsystem\b.{0,30}\b(?:role|message|prompt|instruction)|\brole\b.{0,60}\bsystem\b|developer instruction"
    r"|'system' (?:with|is)|system.{0,20}not supported",
    re.IGNORECASE,
)
OUTPUT_LIMIT = re.compile(r"max_(?:completion_|output_|new_)?tokens|(?:output|completion) tokens", re.IGNORECASE)
_OVERFLOW = re.compile(r"(\d[\d,_]*) \+ (\d[\d,_]*) > (\d[\d,_]*)")  # Anthropic: prompt, max_tokens, context window


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is known of an endpoint's model: names it refuses (`system` is the role), and its limit of output tokens.

    `rooted` is known of the endpoint itself: its paths are below `/v1`, though its base URL does not say so.
    """

    refused: frozenset[str] = field(default_factory=frozenset)
    limit: int | None = None
    rooted: bool = False

    def exactly(self, own: Collection[str]) -> "Dialect":
        """Return what changes no meaning: other words for the same, and less of what only we (`own`) asked for."""
        same = {name for name, other in (LIMITS, LIMITS[::-1]) if other not in self.refused}
        kept = self.refused & (same | set(own))
        return replace(self, refused=kept, limit=self.limit if "max_tokens" in own else None)

    def write(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Write a request without what is refused, or in other words where there are some."""
        written = dict(body)
        if "system" in self.refused:
            _fold_system(written)
        if "stream" in self.refused:
            written.pop("stream_options", None)
        for name in self.refused & written.keys() - NEEDED:
            value = written.pop(name)
            other = LIMITS[1 - LIMITS.index(name)] if name in LIMITS else None
            if other is not None and other not in self.refused:
                written[other] = value
        if self.limit is not None:
            written |= {name: min(written[name], self.limit) for name in LIMITS if name in written}
            _bound_thinking(written)
        return written


class Memory:
    """What was learnt of so many endpoints' models in this process, the oldest forgotten first."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], Dialect] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, endpoint: str, model: str) -> Dialect:
        """Give what is known; nothing at first."""
        return self._known.get((endpoint, model)) or Dialect()

    def put(self, endpoint: str, model: str, dialect: Dialect) -> None:
        """Remember what a call succeeded with."""
        with self._lock:
            self._known[endpoint, model] = dialect
            self._known.move_to_end((endpoint, model))
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._known.clear()


memory = Memory()


def learn(known: Dialect, sent: Mapping[str, Any], status: int, refusal: Any) -> Dialect | None:
    """Read a parsed refusal of a request for what to change; None when that is nothing new."""
    if status not in REFUSING:
        return None
    limit = None if is_about_context(refusal) else _output_limit(sent, refusal)
    if limit is not None:
        return replace(known, limit=limit)
    name = _refused_name(sent, refusal)
    if name is None or name in known.refused:
        return None
    return replace(known, refused=known.refused | {name})


def room_left(sent: Mapping[str, Any], refusal: Any) -> int | None:
    """Read how many output tokens would fit beside the prompt, where a refusal says that ours do not."""
    for text in texts(refusal):
        if (found := _OVERFLOW.search(text)) and "max_tokens" in sent:
            prompt, _, window = (int(re.sub(r"\D", "", number)) for number in found.groups())
            return window - prompt if window > prompt else None
    return None


def _refused_name(sent: Mapping[str, Any], refusal: Any) -> str | None:
    """Name what is refused: by the parameter that the error names, else by its text."""
    sentences = " ".join(texts(refusal))
    refusing = UNSUPPORTED.search(sentences) is not None
    named = [_parameter(sent, place) for place in _places(refusal)]
    for name in filter(None, named):
        if refusing or not OUT_OF_RANGE.search(sentences):
            return name
    if not refusing:
        return None
    mentioned = [name for name in sent if name not in NEEDED | {"stream", "system"} and _mentions(sentences, name)]
    if mentioned:
        return min(mentioned, key=lambda name: sentences.lower().index(name))
    if _has_system(sent) and SYSTEM.search(sentences):
        return "system"
    return "stream" if "stream" in sent and STREAM.search(sentences) else None


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE) is not None


def _parameter(sent: Mapping[str, Any], place: str) -> str | None:
    """Name what of a request stands at a place like `max_tokens`, `body.temperature` or `messages[0].role`."""
    parts = [part for part in re.split(r"[.\[\]/]+", place) if part not in ("", "body")]
    if not parts:
        return None
    if parts[0] == "messages" and _has_system(sent) and parts[-1] == "role":
        return "system"
    if parts[0] == "system" and _has_system(sent):
        return "system"
    return parts[0] if parts[0] in sent and parts[0] not in NEEDED else None


def _places(refusal: Any) -> Iterator[str]:
    """Yield the places that errors name: OpenAI's `param`, pydantic's `loc`."""
    if isinstance(refusal, list):
        for item in refusal:
            yield from _places(item)
    elif isinstance(refusal, Mapping):
        for name, value in refusal.items():
            if name in ("param", "parameter", "field") and isinstance(value, str):
                yield value
            elif name == "loc" and isinstance(value, list):
                yield ".".join(map(str, value))
            else:
                yield from _places(value)


def _output_limit(sent: Mapping[str, Any], refusal: Any) -> int | None:
    """Read the most output tokens that a refusal of a larger maximum names: the largest number below what was sent."""
    field = next((name for name in LIMITS if name in sent), None)
    if field is None:
        return None
    for text in texts(refusal):
        if OUT_OF_RANGE.search(text) and OUTPUT_LIMIT.search(text):
            numbers = [int(re.sub(r"\D", "", number)) for number in re.findall(r"(?<![\w.-])\d[\d,_]*(?![\w-])", text)]
            if smaller := [number for number in numbers if 1 < number < sent[field]]:
                return max(smaller)
    return None


def _has_system(sent: Mapping[str, Any]) -> bool:
    return bool(sent.get("system")) or any(turn["role"] == "system" for turn in sent.get("messages", ()))


def _fold_system(body: dict[str, Any]) -> None:
    """Put the system prompt before the first question, for models whose template has no place for it."""
    turns = [turn for turn in body["messages"] if turn["role"] != "system"]
    systems = [turn["content"] for turn in body["messages"] if turn["role"] == "system"]
    if "system" in body:
        own = body.pop("system")
        systems.append(own if isinstance(own, str) else "".join(block["text"] for block in own))
    if systems:
        content, system = turns[0]["content"], "\n\n".join(systems)
        blocks = isinstance(content, list)
        turns[0] = {
            **turns[0],
            "content": [{"type": "text", "text": system}, *content] if blocks else f"{system}\n\n{content}",
        }
    body["messages"] = turns


def _bound_thinking(body: dict[str, Any]) -> None:
    """Keep a budget of thinking within half of a maximum that became smaller."""
    thinking = body.get("thinking")
    if isinstance(thinking, Mapping) and "budget_tokens" in thinking:
        budget = min(thinking["budget_tokens"], max(body["max_tokens"] // 2, 1_024))
        body["thinking"] = {**thinking, "budget_tokens": budget}
