"""Files as parts of messages: by reference as they are kept, and with their content as models are sent them."""

import base64
import binascii
import io
import mimetypes
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from rest_framework.exceptions import ValidationError

from conversations.completions.parts import file_digest
from conversations.files import contents, service
from conversations.files.errors import EmptyFile, FileTooLarge, UnsupportedFile
from conversations.files.kinds import IMAGES, PDF
from conversations.files.models import StoredFile
from models_registry.errors import ProviderError
from models_registry.providers.base import Part, Turn

NOT_FOUND = "You have no file of this id."
# Of the files of one conversation, the newest of so many bytes are sent again; vendors take 20 to 32 MB a request.
SENT_LIMIT = 25_000_000


class FileGone(ProviderError):
    """The storage no longer has a file that a message shows."""

    default_code = "file_gone"

    def __init__(self, name: str) -> None:
        super().__init__(f"The server no longer has the content of the file {name}.")


class FilePart(dict[str, Any]):
    """A part whose `data` is read when it is asked for: while the request is written, and no earlier."""

    def __init__(self, part: Part, user_id: int) -> None:
        super().__init__(part)
        self._user_id = user_id

    def __missing__(self, name: str) -> str:
        """Read the content as base64. Raises FileGone, and KeyError for another name."""
        if name != "data":
            raise KeyError(name)
        return base64.b64encode(_read(self, self._user_id)).decode()


def part_of(file: StoredFile) -> Part:
    """Write the part that refers to a file."""
    return {
        "type": "image" if file.media_type in IMAGES else "document",
        "media_type": file.media_type,
        "name": file.name,
        "size": file.size,
        "file": file.sha256,
        "file_id": str(file.pk),
    }


def attached(user_id: int, ids: Sequence[UUID]) -> list[Part]:
    """Return the parts of a user's files. Raises ValidationError of `attachments` for one that is not the user's."""
    found = service.files_by_id(user_id, ids) if ids else []
    problems: Any = {number: [NOT_FOUND] for number, file in enumerate(found) if file is None}
    if problems:
        raise ValidationError({"attachments": problems})
    return [part_of(file) for file in found if file is not None]


def with_text(text: str, parts: Sequence[Part] | None) -> list[Part] | None:
    """Put the text of a message before its other parts; None where there are no others."""
    others = [part for part in parts or () if part["type"] != "text"]
    return [{"type": "text", "text": text}, *others] if others else None


def files_among(parts: Iterable[Part] | None) -> list[Part]:
    """Return those parts that refer to a file."""
    return [part for part in parts or () if "file_id" in part]


def with_contents(turns: Sequence[Turn], user_id: int) -> list[Turn]:
    """Return turns as a model is sent them: texts as text, images and PDFs as parts that read their content.

    Of the oldest files, beyond `SENT_LIMIT`, and of earlier ones that are gone, only the names are sent. Raises
    FileGone for one of the last turn.
    """
    left, sent = SENT_LIMIT, []
    for turn in reversed(turns):
        if turn.parts is None:
            sent.append(turn)
            continue
        parts: list[Part] = []
        for part in reversed(turn.parts):
            left -= part.get("size", 0)
            if "file_id" not in part:
                parts.append(part)
            elif left < 0:
                parts.append(_named(part, "which was sent earlier, is left out here"))
            elif contents.exists(user_id, part["file"]):
                parts.append(_sent(part, user_id))
            elif sent:
                parts.append(_named(part, "which was sent earlier, is gone"))
            else:
                raise FileGone(part["name"])
        sent.append(Turn(turn.role, turn.content, parts[::-1]))
    return sent[::-1]


def kept_turns(turns: Sequence[Turn], user_id: int) -> list[Turn]:
    """Store what turns carry as data, and return them with references to it instead.

    What a user has is not stored again. What is no image, PDF or text that may be stored keeps its data, of which the
    digest remains. Not to be called while a conversation is locked. Raises FileQuotaExceeded.
    """
    carried = {file_digest(part): part for turn in turns for part in _with_data(turn.parts)}
    if not carried:
        return list(turns)
    files = service.files_by_content(user_id, carried)
    for digest, part in carried.items():
        if digest not in files and (stored := _stored(part, user_id)) is not None:
            files[digest] = stored
    return [
        turn if turn.parts is None else Turn(turn.role, turn.content, [_kept(part, files) for part in turn.parts])
        for turn in turns
    ]


def _named(part: Part, what: str) -> Part:
    return {"type": "text", "text": f"[The file {part['name']}, {what}.]"}


def _sent(part: Part, user_id: int) -> Part:
    if part["media_type"] in (*IMAGES, PDF):
        return FilePart(part, user_id)
    return {"type": "text", "text": f"{part['name']}:\n\n{_read(part, user_id).decode(errors='replace')}"}


def _read(part: Part, user_id: int) -> bytes:
    try:
        with contents.open_content(user_id, part["file"]) as content:
            return content.read()
    except FileNotFoundError as error:
        raise FileGone(part["name"]) from error


def _with_data(parts: Iterable[Part] | None) -> Iterator[Part]:
    """Yield the parts that carry data, also within what tools answered."""
    for part in parts or ():
        if "data" in part:
            yield part
        elif isinstance(part.get("content"), list):
            yield from _with_data(part["content"])


def _stored(part: Part, user_id: int) -> StoredFile | None:
    """Store the data of a part; None if it is of no kind that is stored."""
    try:
        content = base64.b64decode(part["data"])
        name = part.get("name") or part["type"] + (mimetypes.guess_extension(part.get("media_type", "")) or "")
        return service.store(user_id=user_id, stream=io.BytesIO(content), name=str(name))
    except (binascii.Error, ValueError, EmptyFile, FileTooLarge, UnsupportedFile):
        return None


def _kept(part: Part, files: dict[str, StoredFile]) -> Part:
    if "data" in part:
        file = files.get(file_digest(part))
        own = {name: value for name, value in part.items() if name in ("detail", "type")}
        return part if file is None else {**part_of(file), **own}
    if isinstance(part.get("content"), list):
        return {**part, "content": [_kept(each, files) for each in part["content"]]}
    return part
