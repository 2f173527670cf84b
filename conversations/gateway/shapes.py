"""How OpenAPI describes the gateway's operations: what LLMSelect itself reads, and that all else is the protocols'."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

JSON = "application/json"
TEXT = {"type": "string"}
NUMBER = {"type": "number"}
COUNT = {"type": "integer", "minimum": 1}
FLAG = {"type": "boolean"}
ANY = {"description": "As the protocol has it."}
MODEL = {**TEXT, "description": "`provider/model`, the id of a model that one provider has, or an alias."}
STORE = {**FLAG, "default": True, "description": "Whether the exchange is kept as a conversation."}
EVENT = {"type": "object", "required": ["data"], "properties": {"data": {**TEXT, "description": "An event, in JSON."}}}
CONTENT = {"anyOf": [TEXT, {"type": "array", "items": {"type": "object"}}]}
TOOLS = {"type": "array", "items": {"type": "object"}}

CONVERSATION = OpenApiParameter(
    "X-Conversation-Id",
    {"type": "string", "format": "uuid"},
    OpenApiParameter.HEADER,
    description="A conversation of yours in which to keep the exchange. Without it, a request that sends back the "
    "history of a kept conversation continues that one, and any other begins one. The response has the same header.",
)


def _message(*roles: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["role"],
        "properties": {"role": {"type": "string", "enum": roles}, "content": {**CONTENT, "nullable": True}},
    }


def _object(description: str, required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "description": description, "required": required, "properties": properties}


CHAT_REQUEST = {
    JSON: _object(
        "OpenAI's request, with any other field of it.",
        ["model", "messages"],
        model=MODEL,
        messages={
            "type": "array",
            "minItems": 1,
            "items": _message("system", "developer", "user", "assistant", "tool"),
        },
        stream=FLAG,
        stream_options={"type": "object", "properties": {"include_usage": FLAG}},
        store=STORE,
        max_completion_tokens=COUNT,
        temperature=NUMBER,
        top_p=NUMBER,
        stop={"anyOf": [TEXT, {"type": "array", "items": TEXT}]},
        seed={"type": "integer"},
        tools=TOOLS,
        tool_choice=ANY,
        parallel_tool_calls=FLAG,
        response_format={"type": "object"},
        reasoning_effort=TEXT,
    )
}
CHAT_ANSWER = _object(
    "OpenAI's `chat.completion`.",
    ["id", "object", "created", "model", "choices"],
    id=TEXT,
    object=TEXT,
    created={"type": "integer"},
    model=TEXT,
    choices={"type": "array", "items": {"type": "object"}},
    usage={"type": "object", "nullable": True},
)
RESPONSE_REQUEST = {
    JSON: _object(
        "OpenAI's request, with any other field of it.",
        ["model", "input"],
        model=MODEL,
        input=CONTENT,
        instructions={**TEXT, "nullable": True},
        previous_response_id={**TEXT, "nullable": True},
        stream=FLAG,
        store=STORE,
        max_output_tokens=COUNT,
        temperature=NUMBER,
        top_p=NUMBER,
        tools=TOOLS,
        tool_choice=ANY,
        parallel_tool_calls=FLAG,
        text={"type": "object"},
        reasoning={"type": "object"},
        include={"type": "array", "items": TEXT},
    )
}
RESPONSE = _object(
    "OpenAI's `response`.",
    ["id", "object", "created_at", "status", "model", "output"],
    id=TEXT,
    object=TEXT,
    created_at={"type": "integer"},
    status=TEXT,
    model=TEXT,
    output={"type": "array", "items": {"type": "object"}},
    usage={"type": "object", "nullable": True},
)
RESPONSE_DELETED = _object(
    "What is deleted.", ["id", "object", "deleted"], id=TEXT, object=TEXT, deleted={"type": "boolean"}
)
MESSAGE_REQUEST = {
    JSON: _object(
        "Anthropic's request, with any other field of it.",
        ["model", "messages", "max_tokens"],
        model=MODEL,
        max_tokens=COUNT,
        messages={"type": "array", "minItems": 1, "items": _message("user", "assistant")},
        system=CONTENT,
        stream=FLAG,
        store=STORE,
        stop_sequences={"type": "array", "items": TEXT},
        tools=TOOLS,
        tool_choice={"type": "object"},
        thinking={"type": "object"},
        output_config={"type": "object"},
        metadata={"type": "object"},
    )
}
MESSAGE_ANSWER = _object(
    "Anthropic's `message`.",
    ["id", "type", "role", "model", "content", "stop_reason", "usage"],
    id=TEXT,
    type=TEXT,
    role=TEXT,
    model=TEXT,
    content={"type": "array", "items": {"type": "object"}},
    stop_reason={**TEXT, "nullable": True},
    stop_sequence={**TEXT, "nullable": True},
    usage={"type": "object"},
)
COUNT_REQUEST = {
    JSON: _object(
        "Anthropic's request to count tokens.",
        ["model", "messages"],
        model=MODEL,
        messages={"type": "array", "minItems": 1, "items": _message("user", "assistant")},
        system=CONTENT,
        tools=TOOLS,
    )
}
COUNT_ANSWER = _object("The count.", ["input_tokens"], input_tokens={"type": "integer"})
LISTED = _object(
    "OpenAI's `model`.",
    ["id", "object", "created", "owned_by"],
    id=TEXT,
    object=TEXT,
    created={"type": "integer"},
    owned_by={**TEXT, "description": "The provider, or `alias`."},
)
LIST = _object("OpenAI's list.", ["object", "data"], object=TEXT, data={"type": "array", "items": LISTED})
