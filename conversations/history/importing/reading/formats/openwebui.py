"""Open WebUI: what *Export chats* and *Export all chats* write, a list of chats with a tree of messages each.

https://docs.openwebui.com
"""

import html
import re
from collections.abc import Mapping
from typing import Any

from conversations.history.importing.reading.formats.trees import newest_leaf, path_to
from conversations.history.importing.reading.formats.turns import joined, named, parts_or_none, tool_call, tool_result
from conversations.history.importing.reading.parsed import ParsedConversation, ParsedMessage
from conversations.history.importing.reading.values import (
    UNKNOWN_MODEL,
    identifier,
    mapping,
    moment,
    one_line,
    provider_of,
    sequence,
    text,
)

NAME = "openwebui"
LOOKS_LIKE = "Open WebUI (`chat`)"
EMPTY, BRANCHES = "without content", "another branch"
DETAILS = re.compile(r'<details\b[^>]*\btype="(\w+)"[^>]*>(.*?)</details>\s*', re.DOTALL)
SUMMARY = re.compile(r"<summary>.*?</summary>", re.DOTALL)
QUOTE = re.compile(r"^> ?", re.MULTILINE)


def recognise(value: Mapping[str, Any]) -> bool:
    """Tell whether an object is a chat of Open WebUI."""
    chat = value.get("chat")
    return isinstance(chat, Mapping) and ("history" in chat or "messages" in chat)


def read(value: Mapping[str, Any]) -> ParsedConversation:
    """Read a chat along its current path. Raises Broken."""
    chat = mapping(value.get("chat"))
    models = [one_line(each) for each in sequence(chat.get("models")) if one_line(each)]
    model = models[0] if models else UNKNOWN_MODEL
    found = ParsedConversation(
        identifier(value.get("id") or chat.get("id"), "id"),
        one_line(value.get("title")) or one_line(chat.get("title")),
        provider_of(model, NAME),
        model,
        moment(value.get("created_at")) or moment(chat.get("timestamp")),
        moment(value.get("updated_at")),
        system=text(chat.get("system")) or text(mapping(chat.get("params")).get("system")),
    )
    shown, others = _current(chat)
    found.skip(BRANCHES, others)
    for key, message in shown:
        _add(found, key, message)
    return found


def _current(chat: Mapping[str, Any]) -> tuple[list[tuple[str, Mapping[str, Any]]], int]:
    """Return the messages of the current path by id, and how many lie beside it."""
    history = mapping(chat.get("history"))
    nodes = {key: mapping(each) for key, each in mapping(history.get("messages")).items()}
    if not nodes:
        listed = [mapping(each) for each in sequence(chat.get("messages"))]
        return [(one_line(each.get("id")) or str(number), each) for number, each in enumerate(listed)], 0
    parents = {key: each.get("parentId") for key, each in nodes.items()}
    leaf = history.get("currentId")
    if leaf not in parents:
        leaf = newest_leaf(parents, lambda key: at.timestamp() if (at := moment(nodes[key].get("timestamp"))) else 0.0)
    path = path_to(str(leaf), parents)
    return [(key, nodes[key]) for key in path], len(nodes) - len(path)


def _add(found: ParsedConversation, key: str, message: Mapping[str, Any]) -> None:
    role = message.get("role")
    if role == "system":
        found.system = found.system or text(message.get("content"))
        return
    if role not in ("user", "assistant"):
        found.skip(f"of the role {one_line(role) or 'none'}")
        return
    parts, thoughts = _output(message) if sequence(message.get("output")) else _content(message.get("content"))
    parts += [_file(mapping(each)) for each in sequence(message.get("files"))]
    error = mapping(message.get("error")).get("content") or message.get("error")
    if not (parts or thoughts or error):
        found.skip(EMPTY)
        return
    model = one_line(message.get("model")) or found.model
    made = ParsedMessage(key, str(role), joined(parts), moment(message.get("timestamp")), model=model)
    made.parts, made.reasoning = parts_or_none(parts), "\n\n".join(thoughts) or None
    made.provider = provider_of(model, NAME)
    if role == "assistant" and error:
        made.status = "interrupted" if parts else "error"
        made.figures = {"error": "provider_error", "error_message": one_line(error)[:1000] or "The call failed."}
    elif role == "assistant" and message.get("done") is False:
        made.status = "interrupted"
    found.messages.append(made)


def _content(content: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Read a content: a text with folded thoughts and calls of tools, or a list as in OpenAI's protocol."""
    if isinstance(content, list):
        blocks = [mapping(each) for each in content]
        texts = [{"type": "text", "text": text(each.get("text"))} for each in blocks if text(each.get("text"))]
        return texts + [named("image", name="image") for each in blocks if each.get("type") == "image_url"], []
    parts: list[dict[str, Any]] = []
    thoughts: list[str] = []
    written, position = text(content), 0
    for match in DETAILS.finditer(written):
        _add_text(parts, written[position : match.start()])
        folded, position = html.unescape(SUMMARY.sub("", match[2])).strip(), match.end()
        if match[1] == "reasoning":
            thoughts.append(QUOTE.sub("", folded))
        else:
            name = re.search(r'\bname="([^"]*)"', match[0])
            parts.append(tool_result(folded, html.unescape(name[1]) if name else ""))
    _add_text(parts, written[position:])
    return parts, [thought for thought in thoughts if thought]


def _add_text(parts: list[dict[str, Any]], written: str) -> None:
    if written.strip():
        parts.append({"type": "text", "text": written})


def _output(message: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Read `output`, which newer versions write in the form of OpenAI's Responses."""
    parts: list[dict[str, Any]] = []
    thoughts: list[str] = []
    for each in sequence(message["output"]):
        item = mapping(each)
        kind = item.get("type")
        if kind == "reasoning":
            thoughts.append(_texts(item.get("content")) or _texts(item.get("summary")))
        elif kind == "function_call":
            parts.append(
                tool_call(one_line(item.get("name")), text(item.get("arguments")), one_line(item.get("call_id")))
            )
        elif kind == "function_call_output":
            parts.append(tool_result(_texts(item.get("output")), one_line(item.get("call_id"))))
        elif kind == "message":
            _add_text(parts, _texts(item.get("content")))
    if not any(part["type"] == "text" for part in parts):
        parts += [part for part in _content(message.get("content"))[0] if part["type"] == "text"]
    return parts, [thought for thought in thoughts if thought]


def _texts(value: Any) -> str:
    if isinstance(value, str):
        return text(value)
    return "\n\n".join(filter(None, (text(mapping(each).get("text")) for each in sequence(value))))


def _file(facts: Mapping[str, Any]) -> dict[str, Any]:
    kind = "image" if facts.get("type") == "image" else "file"
    name = one_line(facts.get("name")) or one_line(mapping(facts.get("file")).get("filename"))
    address = one_line(facts.get("url"))
    return named(kind, name=name or (kind if address.startswith("data:") else address) or kind)
