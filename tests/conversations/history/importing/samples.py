"""Small histories in the formats of other products, as real exports have them."""


def node(key, parent, role="user", text=None, at=None, **more):
    """Write a node of ChatGPT's tree."""
    content = more.pop("content", {"content_type": "text", "parts": [text]})
    message = {
        "id": key,
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": at,
        "content": content,
        "status": "finished_successfully",
        "metadata": more.pop("metadata", {}),
        "recipient": more.pop("recipient", "all"),
        **more,
    }
    return {"id": key, "message": message, "parent": parent, "children": []}


def chatgpt(*nodes, key="c1", title="Rivers", current=None, at=1_756_000_000.5, **more):
    """Write a conversation of ChatGPT; without nodes a question and an answer."""
    nodes = nodes or (
        node("q1", "root", text="Which is the longest?", at=at + 1),
        node("a1", "q1", "assistant", "The Nile.", at + 2),
    )
    root = {"id": "root", "message": None, "parent": None, "children": []}
    return {
        "title": title,
        "create_time": at,
        "update_time": at + 100,
        "mapping": {"root": root, **{each["id"]: each for each in nodes}},
        "current_node": current or nodes[-1]["id"],
        "conversation_id": key,
        "id": key,
        "default_model_slug": "gpt-5",
        **more,
    }


def claude(*messages, key="11111111-2222-4333-8444-555555555555", **more):
    """Write a conversation of Claude; without messages a question and an answer."""
    return {
        "uuid": key,
        "name": "Mountains",
        "created_at": "2025-01-01T00:00:00.000000Z",
        "updated_at": "2025-01-01T00:00:10Z",
        "account": {"uuid": "u"},
        "chat_messages": list(messages)
        or [said("m1", "human", "Which is the highest?"), said("m2", "assistant", "Everest.", 5)],
        **more,
    }


def said(key, sender, text, second=1, *blocks, **more):
    """Write a message of Claude, whose text is in a block."""
    return {
        "uuid": key,
        "text": "",
        "content": [*blocks, {"type": "text", "text": text, "citations": []}],
        "sender": sender,
        "created_at": f"2025-01-01T00:00:{second:02}Z",
        "attachments": [],
        "files": [],
        **more,
    }


def openwebui(messages, current, key="w1", **more):
    """Write a chat of Open WebUI of messages by their ids."""
    history = {"messages": messages, "currentId": current}
    chat = {"title": "Lakes", "models": ["llama3.1:latest"], "history": history}
    return {
        "id": key,
        "user_id": "u",
        "title": "Lakes",
        "chat": chat,
        "created_at": 1_700_000_000,
        "updated_at": 1_700_000_100,
        **more,
    }


def turn(key, parent, role, content, at=1_700_000_001, **more):
    """Write a message of Open WebUI."""
    return {
        key: {
            "id": key,
            "parentId": parent,
            "childrenIds": [],
            "role": role,
            "content": content,
            "timestamp": at,
            **more,
        }
    }


def librechat(*messages, **more):
    """Write a conversation of LibreChat."""
    options = {"model": "gpt-4-turbo", "endpoint": "openAI", "promptPrefix": "Be brief."}
    head = {
        "conversationId": "l1",
        "endpoint": "openAI",
        "title": "Seas",
        "options": options,
        "recursive": False,
        "branches": True,
    }
    return {**head, "messages": list(messages), **more}


def wrote(key, parent, text, *, user=False, children=(), **more):
    """Write a message of LibreChat."""
    return {
        "messageId": key,
        "parentMessageId": parent,
        "sender": "User" if user else "GPT",
        "text": text,
        "isCreatedByUser": user,
        "model": None if user else "gpt-4-turbo",
        "children": list(children),
        **more,
    }
