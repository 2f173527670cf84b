"""Claude: `conversations.json` of Anthropic's data export. Newer ones leave `text` empty and use blocks of `content`.

https://support.claude.com/en/articles/9450526
"""

import json
from collections.abc import Mapping
from typing import Any

from conversations.history.importing.reading.formats.trees import newest_leaf, path_to
from conversations.history.importing.reading.formats.turns import joined, named, parts_or_none, tool_call, tool_result
from conversations.history.importing.reading.parsed import ParsedConversation, ParsedMessage
from conversations.history.importing.reading.values import identifier, mapping, moment, one_line, sequence, text

NAME = "claude"
LOOKS_LIKE = "Claude (`chat_messages`)"
EMPTY, BRANCHES = "without content", "another branch"
UNKNOWN = "claude"  # the export does not say which of its models answered
ROLES = {"human": "user", "user": "user", "assistant": "assistant"}
ROOT = "00000000-0000-4000-8000-000000000000"  # the parent of a first message


def recognise(value: Mapping[str, Any]) -> bool:
    """Tell whether an object is a conversation of Claude."""
    return "chat_messages" in value and "uuid" in value


def read(value: Mapping[str, Any]) -> ParsedConversation:
    """Read a conversation. Raises Broken."""
    model = one_line(value.get("model")) or UNKNOWN
    found = ParsedConversation(
        identifier(value.get("uuid"), "uuid"),
        one_line(value.get("name")),
        "anthropic",
        model,
        moment(value.get("created_at")),
        moment(value.get("updated_at")),
    )
    messages = [mapping(each) for each in sequence(value.get("chat_messages"))]
    shown = _current(value, messages)
    found.skip(BRANCHES, len(messages) - len(shown))
    for number, message in enumerate(shown):
        role = ROLES.get(str(message.get("sender")))
        parts, thoughts = _parts(message)
        if role is None or not (parts or thoughts):
            found.skip(EMPTY if role else f"of the sender {one_line(message.get('sender')) or 'none'}")
            continue
        found.messages.append(
            ParsedMessage(
                one_line(message.get("uuid")) or str(number),
                role,
                joined(parts),
                moment(message.get("created_at")),
                model=model,
                parts=parts_or_none(parts),
                reasoning="\n\n".join(thoughts) or None,
            )
        )
    return found


def _current(value: Mapping[str, Any], messages: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the messages of the current path; all of them where they do not say what they answer."""
    parents = {str(each.get("uuid")): each.get("parent_message_uuid") for each in messages}
    if len(parents) < len(messages) or not any(parent and parent != ROOT for parent in parents.values()):
        return messages
    by_id, order = {str(each.get("uuid")): each for each in messages}, list(parents)
    leaf = value.get("current_leaf_message_uuid")
    if leaf not in parents:
        leaf = newest_leaf(parents, order.index)
    return [by_id[each] for each in path_to(str(leaf), parents)]


def _parts(message: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the parts of a message, and what the model thought."""
    parts: list[dict[str, Any]] = []
    thoughts: list[str] = []
    for each in sequence(message.get("content")):
        _add_block(mapping(each), parts, thoughts)
    if not any(part["type"] == "text" for part in parts) and text(message.get("text")).strip():
        parts.append({"type": "text", "text": text(message["text"])})
    for each in sequence(message.get("attachments")):
        attached = mapping(each)
        name, content = one_line(attached.get("file_name")), text(attached.get("extracted_content"))
        parts.append(
            named("file", name=name or "attachment", media_type=one_line(attached.get("file_type")), text=content)
        )
    names = {part.get("name") for part in parts if part["type"] == "file"}
    for each in [*sequence(message.get("files")), *sequence(message.get("files_v2"))]:
        name = one_line(mapping(each).get("file_name"))
        if name and name not in names:
            names.add(name)
            parts.append(named("file", name=name))
    return parts, thoughts


def _add_block(block: Mapping[str, Any], parts: list[dict[str, Any]], thoughts: list[str]) -> None:
    kind = block.get("type")
    if kind == "text":
        if text(block.get("text")).strip():
            parts.append({"type": "text", "text": text(block["text"])})
    elif kind in ("thinking", "redacted_thinking"):
        if thought := text(block.get("thinking")).strip():
            thoughts.append(thought)
    elif kind in ("tool_use", "server_tool_use"):  # among them artifacts
        arguments = json.dumps(block.get("input"), ensure_ascii=False)
        parts.append(tool_call(one_line(block.get("name")), text(arguments), one_line(block.get("id"))))
    elif kind is not None and str(kind).endswith("tool_result"):
        answer = _answer(block.get("content"))
        parts.append(tool_result(answer, one_line(block.get("tool_use_id")), is_error=block.get("is_error") is True))
    elif kind in ("image", "document", "file"):
        name = one_line(block.get("file_name") or block.get("title"))
        parts.append(named("image" if kind == "image" else "file", name=name or str(kind)))


def _answer(content: Any) -> str:
    """Return the text of what a tool answered."""
    if isinstance(content, str):
        return text(content)
    blocks = [mapping(each) for each in sequence(content)]
    texts = [text(block.get("text")) or one_line(block.get("url") or block.get("title")) for block in blocks]
    return "\n\n".join(filter(None, texts))
