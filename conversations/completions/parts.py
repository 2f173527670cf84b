"""The parts of messages as they are stored: without the data of images and files, and of text that can be stored."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Any

from models_registry.providers.base import Part
from models_registry.providers.reading.text import clean


def kept_parts(parts: Sequence[Part] | None) -> list[Part] | None:
    """Return what is stored of a message's parts: of data only its SHA-256, as `file`."""
    return None if parts is None else [_kept(part) for part in parts]


def file_digest(part: Part) -> str:
    """Return the SHA-256 of a part's data, or of its address where it has one instead."""
    if "file" in part:
        return str(part["file"])
    try:
        content = base64.b64decode(part["data"]) if "data" in part else part.get("url", "").encode()
    except (binascii.Error, ValueError):
        content = str(part["data"]).encode()
    return hashlib.sha256(content).hexdigest()


def _kept(part: Part) -> Part:
    if "data" in part:
        part = {**{name: value for name, value in part.items() if name != "data"}, "file": file_digest(part)}
    return {name: _storable(value) for name, value in part.items()}


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)[0]
    if isinstance(value, list):
        return [_kept(each) if isinstance(each, dict) else _storable(each) for each in value]
    return value
