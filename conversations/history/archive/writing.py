"""Writes the archive of a user: one ZIP, streamed while it is read from the database."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.text import slugify
from zipstream import ZIP_DEFLATED, ZIP_STORED, ZipStream

from conversations.files.contents import place, storage
from conversations.history.archive.reading import Row, comparisons, files, pieces, prompt_sets, replays
from conversations.history.archive.rows import (
    comparison_line,
    conversation_line,
    file_line,
    message_line,
    prompt_set_line,
    replay_line,
)
from conversations.history.archive.settings import settings_of
from conversations.history.export import front, section
from perf.api.rendering import encode
from perf.db.connections import release

FORMAT, VERSION = "llmselect-export", 1
COUNTED = ("conversations", "messages", "comparisons", "results", "votes", "files")
CHUNK = 65_536  # bytes of the stream, at least, that are sent at once
DEFLATED = {"compress_type": ZIP_DEFLATED, "compress_level": 6}  # of 9
NAME_LENGTH = 60  # characters of a title in the name of a file

Progress = Callable[[int], object]


def archive(user_id: int, *, markdown: bool = False, progress: Progress | None = None) -> Iterator[bytes]:
    """Yield the bytes of the ZIP. `progress` is told how many conversations more were written.

    Memory grows with files and Markdown only, by their names, of which a ZIP keeps a list. Raises
    User.DoesNotExist, and what the database raises; then the file lacks its end, without which nothing opens it.
    """
    user = User.objects.get(pk=user_id)  # a request knows little more of it than the id
    return _chunks(_parts(user, markdown=markdown, progress=progress))


def _parts(user: User, *, markdown: bool, progress: Progress | None) -> Iterator[bytes]:
    stream = ZipStream()  # which stores; it warns of a level beside that
    started_at, counts = timezone.now(), Counter[str]()

    def file(name: str, content: Iterable[bytes], **compression: Any) -> Iterator[bytes]:
        stream.add(content, name, **(compression or DEFLATED))
        yield from stream.file()

    yield from file("settings.json", [_document(settings_of(user))])
    release()
    yield from file("conversations.jsonl", _conversations(user.pk, counts, progress or (lambda _: None)))
    yield from file("comparisons.jsonl", _comparisons(user.pk, counts))
    yield from file("replays.jsonl", _replays(user.pk))
    yield from file("files.jsonl", _files(user.pk, counts))
    for name, content in _contents(user.pk):
        yield from file(name, content, compress_type=ZIP_STORED)  # images and PDFs are compressed already
    if markdown:
        for name, content in _documents(user.pk):
            yield from file(name, content)
    yield from file("manifest.json", [_document(_manifest(user, started_at, counts))])
    yield from stream.footer()


def _manifest(user: User, started_at: datetime, counts: Counter[str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "product_version": settings.VERSION,
        "username": user.username,
        "started_at": started_at,
        "finished_at": timezone.now(),
        "counts": {name: counts[name] for name in COUNTED},
    }


def _conversations(user_id: int, counts: Counter[str], progress: Progress) -> Iterator[bytes]:
    for conversation, messages in pieces(user_id):
        lines = [message_line(row) for row in messages]
        counts["messages"] += len(lines)
        if conversation is not None:
            lines.insert(0, conversation_line(conversation))
            counts["conversations"] += 1
            progress(1)
        yield _lines(lines)


def _comparisons(user_id: int, counts: Counter[str]) -> Iterator[bytes]:
    for batch in comparisons(user_id):
        counts["comparisons"] += len(batch)
        counts["results"] += sum(len(results) for _, results in batch)
        counts["votes"] += sum(row.voted_at is not None for row, _ in batch)
        yield _lines(comparison_line(row, results) for row, results in batch)


def _replays(user_id: int) -> Iterator[bytes]:
    yield from (_lines([prompt_set_line(row)]) for row in prompt_sets(user_id))
    yield from (_lines([replay_line(row)]) for row in replays(user_id))


def _files(user_id: int, counts: Counter[str]) -> Iterator[bytes]:
    for row in files(user_id):
        counts["files"] += 1
        yield _lines([file_line(row, kept=storage().exists(place(user_id, row["sha256"])))])


def _contents(user_id: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield name and content of each file, once of those with the same content; what is gone is left out."""
    seen: set[str] = set()
    for row in files(user_id):
        sha256 = row["sha256"]
        if sha256 in seen:
            continue
        seen.add(sha256)
        try:
            content = storage().open(place(user_id, sha256))
        except FileNotFoundError:
            continue
        with content:
            yield f"files/{sha256}", content.chunks(CHUNK)


def _documents(user_id: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield name and content of each Markdown file; a content must be read before the next one is asked for."""
    waiting = pieces(user_id)
    piece = next(waiting, None)

    def content(conversation: Row, messages: list[Row]) -> Iterator[bytes]:
        """Yield the messages of this piece, and of those that follow without a conversation of their own."""
        nonlocal piece
        yield (front(conversation) + "".join(map(section, messages))).encode()
        while (piece := next(waiting, None)) is not None and piece.conversation is None:
            yield "".join(map(section, piece.messages)).encode()

    while piece is not None and piece.conversation is not None:
        yield _name(piece.conversation), content(piece.conversation, piece.messages)


def _name(conversation: Row) -> str:
    """Name a Markdown file by day, title and id, of letters that every file system takes."""
    title = slugify(conversation["title"])[:NAME_LENGTH].strip("-_")
    return f"markdown/{conversation['created_at']:%Y-%m-%d}-{title + '-' if title else ''}{conversation['id']}.md"


def _document(value: Any) -> bytes:
    return encode(value) + b"\n"


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(encode(row) + b"\n" for row in rows)


def _chunks(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Join small pieces, of which each would be a write to the network."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        if len(waiting) >= CHUNK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)
