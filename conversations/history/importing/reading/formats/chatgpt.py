"""ChatGPT: `conversations.json`, or its shards, as the data export of OpenAI has them since 2023.

A conversation is a tree of nodes (`mapping`), of which `current_node` is the end of what is shown. What the model
writes to tools and what they answer are nodes of their own. https://help.openai.com/en/articles/7260999
"""

from collections.abc import Mapping
from typing import Any

from conversations.history.importing.reading.formats.chatgpt_content import content_of, visible_text
from conversations.history.importing.reading.formats.trees import newest_leaf, path_to
from conversations.history.importing.reading.formats.turns import (
    Steps,
    joined,
    named,
    parts_or_none,
    tool_call,
    tool_result,
)
from conversations.history.importing.reading.parsed import Broken, ParsedConversation, ParsedMessage
from conversations.history.importing.reading.values import (
    UNKNOWN_MODEL,
    identifier,
    mapping,
    moment,
    one_line,
    sequence,
    text,
)

NAME = "chatgpt"
LOOKS_LIKE = "ChatGPT (`mapping`)"
HIDDEN, BRANCHES, UNREADABLE = "hidden by ChatGPT", "another branch", "without content"
CONTEXTS = {"user_editable_context", "model_editable_context"}
ENDS = {"stop": "stop", "max_tokens": "length"}


def recognise(value: Mapping[str, Any]) -> bool:
    """Tell whether an object is a conversation of ChatGPT."""
    return isinstance(value.get("mapping"), Mapping) and ("current_node" in value or "create_time" in value)


def read(value: Mapping[str, Any]) -> ParsedConversation:
    """Read a conversation along its current path. Raises Broken."""
    original_id = identifier(value.get("conversation_id") or value.get("id"), "id")
    nodes = mapping(value.get("mapping"))
    if not nodes:
        raise Broken("It has no messages (`mapping`).")
    path = _path(value, nodes)
    model = one_line(value.get("default_model_slug"))
    created_at, updated_at = moment(value.get("create_time")), moment(value.get("update_time"))
    found = ParsedConversation(original_id, one_line(value.get("title")), "openai", model, created_at, updated_at)
    steps = Steps()
    for key in path:
        message = mapping(nodes[key]).get("message")
        if isinstance(message, Mapping):
            _add(found, steps, key, message)
    steps.flush(found)
    others = (nodes[key] for key in nodes.keys() - set(path))
    found.skip(BRANCHES, sum(1 for node in others if _is_shown(mapping(mapping(node).get("message")))))
    models = [each.model for each in found.messages if each.model]
    found.model = models[-1] if models else model or UNKNOWN_MODEL
    for each in found.messages:
        each.model = each.model or model or found.model
    return found


def _path(value: Mapping[str, Any], nodes: Mapping[str, Any]) -> list[str]:
    parents = {key: mapping(node).get("parent") for key, node in nodes.items()}
    leaf = value.get("current_node")
    if not isinstance(leaf, str) or leaf not in parents:
        times = {key: moment(mapping(mapping(node).get("message")).get("create_time")) for key, node in nodes.items()}
        leaf = newest_leaf(parents, lambda key: at.timestamp() if (at := times[key]) else 0.0)
    return path_to(str(leaf), parents)


def _is_shown(message: Mapping[str, Any]) -> bool:
    role = mapping(message.get("author")).get("role")
    hidden = mapping(message.get("metadata")).get("is_visually_hidden_from_conversation")
    return role in ("user", "assistant") and not hidden and message.get("recipient", "all") == "all"


def _add(found: ParsedConversation, steps: Steps, key: str, message: Mapping[str, Any]) -> None:
    """Add a node: as a message, a step of the next one, or the instructions of the user."""
    role, content = mapping(message.get("author")).get("role"), mapping(message.get("content"))
    metadata, at = mapping(message.get("metadata")), moment(message.get("create_time"))
    kind = content.get("content_type")
    if kind in CONTEXTS:
        found.system = "\n\n".join(filter(None, [found.system, _instructions(content)]))
        return
    parts = content_of(content)
    if role == "system":
        if joined(parts) and not metadata.get("is_visually_hidden_from_conversation"):
            found.system = "\n\n".join(filter(None, [found.system, joined(parts)]))
        return
    if metadata.get("is_visually_hidden_from_conversation"):
        found.skip(HIDDEN)
        return
    original_id = one_line(message.get("id")) or key
    if role == "assistant" and kind in ("thoughts", "reasoning_recap"):
        steps.begin(original_id, at, one_line(metadata.get("model_slug")))
        steps.thoughts += [joined(parts)] if kind == "thoughts" and joined(parts) else []
    elif role == "tool":
        _add_result(steps, original_id, message, parts)
    elif role == "assistant" and message.get("recipient", "all") not in ("all", None):
        steps.begin(original_id, at, one_line(metadata.get("model_slug")))
        steps.parts.append(tool_call(one_line(message["recipient"]), joined(parts)))
    elif role in ("user", "assistant"):
        _add_message(found, steps, original_id, message, parts)
    else:
        found.skip(f"of the role {one_line(role) or 'none'}")


def _add_result(steps: Steps, original_id: str, message: Mapping[str, Any], parts: list[dict[str, Any]]) -> None:
    steps.begin(original_id, moment(message.get("create_time")))
    answer = joined(parts)
    is_error = mapping(message.get("content")).get("content_type") == "system_error"
    others = [part for part in parts if part["type"] != "text"]
    if answer or not others:
        steps.parts.append(tool_result(answer, is_error=is_error))
    steps.parts += others


def _add_message(
    found: ParsedConversation, steps: Steps, original_id: str, message: Mapping[str, Any], parts: list[dict[str, Any]]
) -> None:
    role, metadata = str(mapping(message.get("author"))["role"]), mapping(message.get("metadata"))
    if role == "user":
        steps.flush(found)
    for each in sequence(metadata.get("attachments")):
        facts = mapping(each)
        media = one_line(facts.get("mime_type") or facts.get("mimeType"))
        if not (media.startswith("image/") and any(part["type"] == "image" for part in parts)):
            parts = [*parts, named("file", name=one_line(facts.get("name")), media_type=media)]
    if not parts and not (steps and role == "assistant"):
        found.skip(UNREADABLE)
        return
    shown = visible_text(joined(parts), metadata) if role == "assistant" else joined(parts)
    if parts_or_none(parts) and shown != joined(parts):
        others = [part for part in parts if part["type"] != "text"]
        parts = [{"type": "text", "text": shown}, *others]
    made = ParsedMessage(original_id, role, shown, moment(message.get("create_time")), parts=parts_or_none(parts))
    if role == "assistant":
        made.model = one_line(metadata.get("model_slug"))
        ended = one_line(mapping(metadata.get("finish_details")).get("type"))
        broke_off = ended == "interrupted" or message.get("status") in ("in_progress", "finished_partial_completion")
        made.status = "interrupted" if broke_off else "complete"
        made.figures = {"finish_reason": ENDS[ended]} if ended in ENDS else {}
        made = steps.into(made)
    found.messages.append(made)


def _instructions(content: Mapping[str, Any]) -> str:
    """Return the custom instructions, or the memory that the model kept."""
    names = ("user_profile", "user_instructions", "model_set_context")
    return "\n\n".join(filter(None, (text(content.get(name)).strip() for name in names)))
