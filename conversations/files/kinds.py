"""What a file is, told by its content: a picture, a PDF or a text. A name or a header may say anything."""

import codecs
import re

from conversations.files.errors import UnsupportedFile

PDF = "application/pdf"
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
HEAD = 32  # bytes that tell what a file is
# How files begin: https://www.w3.org/TR/png-3/#3PNGsignature (with the first chunk's name), ITU-T T.81 B.1.1.3,
# https://www.w3.org/Graphics/GIF/spec-gif89a.txt, https://developers.google.com/speed/webp/docs/riff_container,
# ISO 32000-1 7.5.2.
SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n....IHDR", re.DOTALL), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBPVP8[ LX]", re.DOTALL), "image/webp"),
    (re.compile(rb"%PDF-[12]\."), PDF),
)
TEXT = "text/plain"
TEXTS = {"md": "text/markdown", "markdown": "text/markdown", "csv": "text/csv", "json": "application/json"}
NO_TEXT = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # control characters that no text has, but escapes do
OTHERWISE = ("image/", "audio/", "video/", "font/", PDF)  # of what claims to be one of these, text is something else


class TextCheck:
    """Tells whether bytes that come in pieces are a text in UTF-8."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.passed = True

    def add(self, piece: bytes, *, final: bool = False) -> None:
        """Look at the next bytes."""
        if not self.passed:
            return
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            self.passed = False
            return
        self.passed = NO_TEXT.search(text) is None


def kind_of(head: bytes, *, is_text: bool, name: str, claimed: str) -> str:
    """Return the media type of a content by its first `HEAD` bytes and whether it `is_text`.

    A text that is `claimed` to be an image is refused, and so is HTML as a GIF: what is no text must begin as its kind
    does. Of a text the name says which kind it is; HTML and SVG are plain text. Raises UnsupportedFile.
    """
    for signature, media_type in SIGNATURES:
        if signature.match(head):
            return media_type
    if not is_text or claimed.lower().startswith(OTHERWISE):
        raise UnsupportedFile
    return TEXTS.get(name.rpartition(".")[2].lower(), TEXT)
