"""The content of ChatGPT's messages by its `content_type`: texts, images, voice, code, tools; and citations."""

import json
import re
from collections.abc import Mapping
from typing import Any

from conversations.history.importing.reading.formats.turns import named
from conversations.history.importing.reading.values import mapping, one_line, sequence, text

# A citation as the model writes it, between characters for private use; and the older 【3†source】.
MARKER = re.compile("\ue200[^\ue201]{0,2000}\ue201|[\ue200-\ue206]|【\\d+(?::\\d+)?†[^】]{0,200}】")
POINTERS = {
    "image_asset_pointer": "image",
    "audio_asset_pointer": "file",
    "real_time_user_audio_video_asset_pointer": "file",
    "video_container_asset_pointer": "file",
}


def content_of(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a content: texts, and images and files by their names."""
    kind = content.get("content_type")
    if "parts" in content:
        return [part for each in sequence(content["parts"]) if (part := _part(each)) is not None]
    if kind == "thoughts":
        steps = [mapping(each) for each in sequence(content.get("thoughts"))]
        return _texts(*(text(step.get("content")) or text(step.get("summary")) for step in steps))
    if kind == "tether_quote":
        where = one_line(content.get("url")) or one_line(content.get("domain"))
        return _texts(text(content.get("title")), text(content.get("text")), where)
    if kind == "tether_browsing_display":
        return _texts(text(content.get("summary")) or text(content.get("result")))
    for name in ("text", "result", "content", "url"):
        if found := text(content.get(name)):
            return _texts(found)
    return []


def _texts(*texts: str) -> list[dict[str, Any]]:
    joined = "\n\n".join(filter(None, texts))
    return [{"type": "text", "text": joined}] if joined.strip() else []


def _part(value: Any) -> dict[str, Any] | None:
    """Read one of `parts`; None for one without content."""
    if isinstance(value, str):
        return {"type": "text", "text": text(value)} if value.strip() else None
    part = mapping(value)
    kind = str(part.get("content_type", ""))
    if kind in POINTERS:
        audio = mapping(part.get("audio_asset_pointer"))
        pointer = one_line(part.get("asset_pointer")) or one_line(audio.get("asset_pointer"))
        prompted = one_line(mapping(mapping(part.get("metadata")).get("dalle")).get("prompt"))
        return named(POINTERS[kind], name=pointer.partition("://")[2] or pointer or kind, description=prompted)
    if found := text(part.get("text")):  # what was said, for one
        return {"type": "text", "text": found}
    return {"type": "text", "text": json.dumps(value, ensure_ascii=False)} if part else None


def visible_text(written: str, metadata: Mapping[str, Any]) -> str:
    """Replace citations by what ChatGPT shows for them: a link, or nothing."""
    if "\ue200" not in written and "†" not in written:
        return written
    for each in sequence(metadata.get("content_references")):
        reference = mapping(each)
        matched = reference.get("matched_text")
        if isinstance(matched, str) and MARKER.search(matched):
            written = written.replace(matched, text(reference.get("alt")))
    links = {}
    for each in sequence(metadata.get("citations")):
        cited = mapping(mapping(each).get("metadata"))
        number = mapping(cited.get("extra")).get("cited_message_idx")
        url = one_line(cited.get("url"))
        if url.startswith(("https://", "http://")):
            links[str(number)] = f"([{one_line(cited.get('title')) or url}]({url}))"
    return MARKER.sub(lambda match: links.get(re.sub(r"\D.*", "", match[0][1:]), ""), written)
