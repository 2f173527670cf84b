"""LibreChat: the JSON export of one conversation: recursive, or a list, with or without its branches.

https://www.librechat.ai/docs/features/import_convos
"""

from collections.abc import Iterator, Mapping, Sequence
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

NAME = "librechat"
LOOKS_LIKE = "LibreChat (`conversationId`)"
EMPTY, BRANCHES = "without content", "another branch"
PROVIDERS = {
    "openai": "openai",
    "azureopenai": "openai",
    "assistants": "openai",
    "chatgptbrowser": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "mistral": "mistral",
}


def recognise(value: Mapping[str, Any]) -> bool:
    """Tell whether an object is a conversation of LibreChat."""
    return "conversationId" in value and isinstance(value.get("messages") or value.get("messagesTree"), list)


def read(value: Mapping[str, Any]) -> ParsedConversation:
    """Read a conversation along the branch that LibreChat shows, the newest one. Raises Broken."""
    options = mapping(value.get("options"))
    nodes = {
        one_line(each.get("messageId")) or str(number): (parent, each)
        for number, (parent, each) in enumerate(_flat(sequence(value.get("messages") or value.get("messagesTree"))))
    }
    path = _path(nodes)
    models = [one_line(nodes[key][1].get("model")) for key in path if nodes[key][1].get("isCreatedByUser") is not True]
    model = next(filter(None, reversed(models)), "") or one_line(options.get("model")) or UNKNOWN_MODEL
    endpoint = one_line(value.get("endpoint") or options.get("endpoint"))
    provider = PROVIDERS.get(endpoint.lower()) or provider_of(model, endpoint[:50] or NAME)
    times = [at for key in path if (at := moment(nodes[key][1].get("createdAt")))]
    found = ParsedConversation(
        identifier(value.get("conversationId"), "conversationId"),
        one_line(value.get("title") or options.get("title")),
        provider,
        model,
        moment(value.get("createdAt")) or (times[0] if times else None),
        moment(value.get("updatedAt")),
        system=text(options.get("promptPrefix") or options.get("system") or options.get("instructions")),
    )
    for key in path:
        _add(found, key, nodes[key][1], model)
    found.skip(BRANCHES, len(nodes) - len(path))
    return found


def _flat(messages: Sequence[Any]) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Yield each message with the id of its parent, parents first, however deep they are nested."""
    waiting: list[tuple[str | None, Any]] = [(None, each) for each in reversed(messages)]
    while waiting:
        parent, each = waiting.pop()
        message = mapping(each)
        own = one_line(message.get("messageId"))
        yield one_line(message.get("parentMessageId")) or parent, message
        waiting += [(own, child) for child in reversed(sequence(message.get("children")))]


def _path(nodes: Mapping[str, tuple[str | None, Mapping[str, Any]]]) -> list[str]:
    parents = {key: parent for key, (parent, _) in nodes.items()}
    if not any(parent in parents for parent in parents.values()):
        return list(parents)  # they do not say what they answer, so they are in their order
    order = {key: number for number, key in enumerate(parents)}
    leaf = newest_leaf(parents, lambda key: order[key])
    return path_to(leaf, parents) if leaf else []


def _add(found: ParsedConversation, key: str, message: Mapping[str, Any], model: str) -> None:
    is_users = message.get("isCreatedByUser") is True or one_line(message.get("sender")).lower() == "user"
    parts, thoughts, error = _parts(message)
    for each in sequence(message.get("files")):
        facts = mapping(each)
        media = one_line(facts.get("type"))
        kind = "image" if media.startswith("image/") else "file"
        parts.append(named(kind, name=one_line(facts.get("filename")) or kind, media_type=media))
    if not (parts or thoughts or error):
        found.skip(EMPTY)
        return
    made = ParsedMessage(key, "user" if is_users else "assistant", joined(parts), moment(message.get("createdAt")))
    made.parts, made.reasoning = parts_or_none(parts), "\n\n".join(thoughts) or None
    made.model = model if is_users else one_line(message.get("model")) or model
    if error or (message.get("error") is True and not is_users):
        made.status = "error"
        made.content, made.parts = "", None
        made.figures = {"error": "provider_error", "error_message": (error or joined(parts))[:1000]}
    elif message.get("unfinished") is True:
        made.status = "interrupted"
    found.messages.append(made)


def _parts(message: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[str], str]:
    """Return parts, thoughts and an error: of `content`, which agents have, or of `text`."""
    parts: list[dict[str, Any]] = []
    thoughts: list[str] = []
    error = ""
    for each in sequence(message.get("content")):
        block = mapping(each)
        kind = block.get("type")
        if kind == "text" and (found := _text(block.get("text"))).strip():
            parts.append({"type": "text", "text": found})
        elif kind == "think" and (found := _text(block.get("think"))).strip():
            thoughts.append(found)
        elif kind == "tool_call":
            call = mapping(block.get("tool_call"))
            name, arguments = one_line(call.get("name")), text(call.get("args"))
            parts.append(tool_call(name, arguments, one_line(call.get("id"))))
            if call.get("output") is not None:
                parts.append(tool_result(text(call["output"]), one_line(call.get("id"))))
        elif kind == "error":
            error = _text(block.get("error")) or "The call failed."
        elif kind in ("image_file", "image_url"):
            parts.append(named("image", name=one_line(mapping(block.get(str(kind))).get("filename")) or "image"))
    if not any(part["type"] == "text" for part in parts) and text(message.get("text")).strip():
        parts.append({"type": "text", "text": text(message["text"])})
    return parts, thoughts, error


def _text(value: Any) -> str:
    return text(value) or text(mapping(value).get("value"))
