"""What the readers of all protocols share: the request that they give, errors that name a parameter, fields, parts."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from rest_framework import status
from rest_framework.exceptions import APIException

from models_registry.providers.base import Effort, Part, Prompt, Turn, WireFormat

Protocol = WireFormat

BLANK_LINE = "\n\n"
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
PDF = "application/pdf"
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w=.+-]+)*;base64,", re.IGNORECASE)


class BadRequest(APIException):
    """A request that cannot be read, or not be translated; `param` is the place of what is wrong, like `tools.0`."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "invalid"

    def __init__(self, param: str, message: str, code: str = "invalid") -> None:
        super().__init__(message, code)
        self.param = param
        self.details = {param: [message]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRequest:
    """A request as its protocol means it.

    `untranslatable` maps the places of all that a provider of another protocol cannot be told to what is wrong with
    them. `names` are the protocol's words for the parameters of a prompt, where they differ. `body` is what a provider
    of the same protocol is sent, with `headers`. `previous` is the id of the answer that the prompt goes on from.
    """

    protocol: Protocol
    model: str
    prompt: Prompt
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: bool = False
    include_usage: bool = False
    store: bool = True
    untranslatable: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    previous: str | None = None


class Fields:
    """Typed access to an object of a request; null is the same as absent. Every method raises BadRequest."""

    def __init__(self, value: Any, place: str = "") -> None:
        """Take an object at a place of the request, "" for the whole of it."""
        if not isinstance(value, Mapping):
            raise BadRequest(place or "body", f"{place or 'The body'} must be an object.")
        self.value: Mapping[str, Any] = value
        self.place = place

    def at(self, name: str) -> str:
        """Write where a field of it stands."""
        return f"{self.place}.{name}" if self.place else name

    def get(self, name: str, kind: type | tuple[type, ...], what: str) -> Any:
        """Return a value of a type, None for an absent one."""
        value = self.value.get(name)
        is_flag = isinstance(value, bool) and bool not in (kind if isinstance(kind, tuple) else (kind,))
        if value is None or (isinstance(value, kind) and not is_flag):
            return value
        raise BadRequest(self.at(name), f"{self.at(name)} must be {what}.")

    def text(self, name: str) -> str | None:
        """Return a text."""
        found: str | None = self.get(name, str, "a string")
        return found

    def needed(self, name: str) -> str:
        """Return a text that must be there."""
        found = self.text(name)
        if found is None:
            raise BadRequest(self.at(name), f"{self.at(name)} is required.", "missing_required_parameter")
        return found

    def number(self, name: str) -> float | None:
        """Return a number."""
        found: float | None = self.get(name, (int, float), "a number")
        return found

    def whole(self, name: str) -> int | None:
        """Return a whole number."""
        found: int | None = self.get(name, int, "a whole number")
        return found

    def flag(self, name: str) -> bool | None:
        """Return true or false."""
        found: bool | None = self.get(name, bool, "true or false")
        return found

    def items(self, name: str) -> Sequence[Any]:
        """Return a list, an empty one for an absent one."""
        found: Sequence[Any] | None = self.get(name, list, "a list")
        return found or ()

    def object(self, name: str) -> "Fields | None":
        """Return an object within."""
        value = self.value.get(name)
        return None if value is None else Fields(value, self.at(name))

    def objects(self, name: str) -> Iterable["Fields"]:
        """Return the objects of a list."""
        return [Fields(item, f"{self.at(name)}.{number}") for number, item in enumerate(self.items(name))]


def unknown_fields(fields: Fields, known: Iterable[str], neutral: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """Name what is asked for in fields that are not known, or of which only `neutral` values can be translated."""
    found = {}
    for name, value in fields.value.items():
        if value is not None and name not in known and value not in neutral.get(name, ()):
            found[fields.at(name)] = f"{fields.at(name)} cannot be translated for this model's provider."
    return found


def turn_of(role: Literal["user", "assistant"], parts: Sequence[Part]) -> Turn:
    """Make a turn of its parts; one that is a text alone has no parts."""
    texts = [part["text"] for part in parts if part["type"] == "text"]
    if [part["type"] for part in parts] in (["text"], []):
        return Turn(role, "".join(texts))
    return Turn(role, "\n".join(texts), list(parts))


def merged(turns: Iterable[Turn]) -> list[Turn]:
    """Join consecutive turns of one role, since strict servers take only roles that alternate."""
    together: list[Turn] = []
    for turn in turns:
        last = together[-1] if together else None
        if last is None or last.role != turn.role:
            together.append(turn)
        elif last.parts is None and turn.parts is None:
            together[-1] = Turn(turn.role, last.content + BLANK_LINE + turn.content)
        else:
            together[-1] = turn_of(turn.role, [*parts_of(last), *parts_of(turn)])
    return together


def parts_of(turn: Turn) -> Sequence[Part]:
    """Return all of a turn as parts."""
    if turn.parts is not None:
        return turn.parts
    return [{"type": "text", "text": turn.content}] if turn.content else []


def image_part(fields: Fields, name: str, untranslatable: dict[str, str]) -> Part:
    """Read an image as OpenAI names it: an address in a field, and beside it the detail to see it in."""
    found = media(fields.needed(name), fields.at(name), untranslatable)
    detail = fields.text("detail")
    if detail not in (None, "auto"):
        untranslatable[fields.at("detail")] = f"{fields.at('detail')} cannot be translated for this model's provider."
    if found.get("media_type", IMAGE_TYPES[0]) not in IMAGE_TYPES:
        untranslatable[fields.at(name)] = f"{fields.at(name)} must be one of {', '.join(IMAGE_TYPES)}."
    return {"type": "image", **found, **({"detail": detail} if detail else {})}


def file_part(file: Fields, untranslatable: dict[str, str]) -> Part:
    """Read a file as OpenAI names it: the data of a PDF, and its name."""
    data, name = file.text("file_data"), file.text("filename")
    if data is None:
        place = next((each for each in ("file_url", "file_id") if file.text(each)), "file_id")
        untranslatable[file.at(place)] = f"{file.at(place)}: send the file itself to this model's provider."
        return {"type": "other", "kind": "file"}
    found = media(data, file.at("file_data"), untranslatable)
    if found.get("media_type") != PDF:
        untranslatable[file.at("file_data")] = f"{file.at('file_data')} must be a PDF."
    return {"type": "document", **found, **({"name": name} if name else {})}


def effort_of(fields: Fields, name: str, untranslatable: dict[str, str]) -> Effort | None:
    """Read how long to think, in OpenAI's words."""
    effort = fields.text(name)
    if effort in (None, "none"):
        return None
    known: Mapping[str, Effort] = {each: each for each in get_args(Effort)}
    if effort not in known:
        untranslatable[fields.at(name)] = f"{fields.at(name)} must be one of {', '.join(known)}."
    return known.get(str(effort))


def media(url: str, place: str, untranslatable: dict[str, str]) -> dict[str, str]:
    """Read an address of an image or a file: the media type and data of a data URL, or the address itself."""
    if found := _DATA_URL.match(url):
        return {"media_type": found[1].lower(), "data": checked_base64(url[found.end() :], place, untranslatable)}
    if not url.startswith(("https://", "http://")):
        untranslatable[place] = f"{place} must be a data: URL with base64, or an http(s) URL."
    return {"url": url}


def checked_base64(data: str, place: str, untranslatable: dict[str, str]) -> str:
    """Return base64; what is none is noted."""
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not decoded:
        untranslatable[place] = f"{place} is not base64."
    return data


def no_messages(place: str = "messages") -> BadRequest:
    """Make the error of a request without anything to answer."""
    return BadRequest(place, f"{place} must hold at least one message by the user.")
