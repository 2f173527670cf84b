"""ChatGPT's exports: the path that is shown, tools, thoughts, images, voice, citations, and what is hidden."""

import pytest

from conversations.history.importing.reading.formats.chatgpt import read
from conversations.history.importing.reading.parsed import Broken
from tests.conversations.history.importing.samples import chatgpt, node

QUESTION = node("q", "root", text="hi", at=1_756_000_001.0)


def turns(found):
    return [(each.role, each.content) for each in found.messages]


def answer(text="yes", parent="q", **more):
    return node("a", parent, "assistant", text, 1_756_000_002.0, **more)


def test_custom_instructions_are_the_system_prompt_and_hidden_nodes_are_counted():
    context = {"content_type": "user_editable_context", "user_profile": "I sail.", "user_instructions": "Be brief."}
    hidden = {"is_visually_hidden_from_conversation": True}
    found = read(
        chatgpt(
            node("s", "root", "system", ""),
            node("c", "s", content=context, metadata=hidden),
            node("h", "c", text="secret", metadata=hidden),
            node("q", "h", text="hi"),
            answer(),
        )
    )
    assert (found.system, turns(found)) == ("I sail.\n\nBe brief.", [("user", "hi"), ("assistant", "yes")])
    assert found.skipped == {"hidden by ChatGPT": 1}


def test_the_current_path_is_the_conversation_and_others_are_counted():
    nodes = [QUESTION, answer("first"), node("b", "q", "assistant", "second"), node("q2", "b", text="more")]
    found = read(chatgpt(*nodes))
    assert turns(found) == [("user", "hi"), ("assistant", "second"), ("user", "more")]
    assert found.skipped == {"another branch": 1}


def test_without_a_current_node_the_newest_leaf_is_taken():
    nodes = [QUESTION, answer("old"), node("b", "q", "assistant", "new", 1_756_000_009.0)]
    found = read({**chatgpt(*nodes), "current_node": None})
    assert turns(found) == [("user", "hi"), ("assistant", "new")]


def test_a_tree_that_bites_its_tail_ends():
    nodes = [node("a", "b", text="one"), node("b", "a", "assistant", "two")]
    assert len(read(chatgpt(*nodes)).messages) == 2


def test_calls_of_tools_and_thoughts_become_parts_of_the_answer():
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Plan", "content": "Count first."}]}
    code = {"content_type": "code", "language": "python", "text": "print(1)"}
    output = {"content_type": "execution_output", "text": "1"}
    found = read(
        chatgpt(
            QUESTION,
            node("t", "q", "assistant", content=thoughts, metadata={"model_slug": "o4-mini"}),
            node("r", "t", "assistant", content={"content_type": "reasoning_recap", "content": "Thought for 2s"}),
            node("c", "r", "assistant", content=code, recipient="python"),
            node("o", "c", "tool", content=output),
            answer("It is 1.", "o", metadata={"model_slug": "o4-mini"}),
        )
    )
    assert turns(found) == [("user", "hi"), ("assistant", "It is 1.")]
    told = found.messages[1]
    assert (told.reasoning, told.model, found.model) == ("Count first.", "o4-mini", "o4-mini")
    assert told.parts == [
        {"type": "tool_call", "id": "", "name": "python", "arguments": "print(1)"},
        {"type": "tool_result", "id": "", "content": "1", "is_error": False},
        {"type": "text", "text": "It is 1."},
    ]


def test_steps_that_led_to_no_answer_are_kept():
    canvas = {"content_type": "code", "text": '{"name": "poem", "content": "Roses"}'}
    found = read(chatgpt(QUESTION, node("c", "q", "assistant", content=canvas, recipient="canmore.create_textdoc")))
    (part,) = found.messages[1].parts
    assert (part["name"], part["arguments"]) == ("canmore.create_textdoc", '{"name": "poem", "content": "Roses"}')


def test_images_voice_and_files_are_named():
    parts = [
        {"content_type": "image_asset_pointer", "asset_pointer": "sediment://file_1", "width": 1, "height": 1},
        {"content_type": "audio_transcription", "text": "What is it?", "direction": "in"},
        {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://file_2"},
        "Look.",
        "",
    ]
    attachments = [
        {"name": "cat.png", "mime_type": "image/png"},
        {"name": "notes.pdf", "mimeType": "application/pdf", "size": 3},
    ]
    content = {"content_type": "multimodal_text", "parts": parts}
    found = read(chatgpt(node("q", "root", content=content, metadata={"attachments": attachments})))
    (message,) = found.messages
    assert message.content == "What is it?\n\nLook."
    assert message.parts == [
        {"type": "image", "name": "file_1"},
        {"type": "text", "text": "What is it?"},
        {"type": "file", "name": "file_2"},
        {"type": "text", "text": "Look."},
        {"type": "file", "name": "notes.pdf", "media_type": "application/pdf"},
    ]


def test_markers_of_citations_become_links_or_vanish():
    written = "Rain \ue200cite\ue202turn0search1\ue201 and sun \ue200cite\ue202turn0search2\ue201. "
    written += "Snow【3†source】, fog【4†x】."
    references = [{"matched_text": "\ue200cite\ue202turn0search1\ue201", "alt": "([met](https://met.example))"}]
    citations = [
        {"metadata": {"title": "Alps", "url": "https://alps.example", "extra": {"cited_message_idx": 3}}},
        {"metadata": {"title": "Bad", "url": "javascript:alert(1)", "extra": {"cited_message_idx": 4}}},
    ]
    metadata = {"content_references": references, "citations": citations}
    found = read(chatgpt(QUESTION, answer(written, metadata=metadata)))
    assert (
        found.messages[1].content
        == "Rain ([met](https://met.example)) and sun . Snow([Alps](https://alps.example)), fog."
    )


def test_an_answer_that_broke_off_says_so():
    cut = answer(metadata={"finish_details": {"type": "max_tokens"}})
    stopped = answer(metadata={"finish_details": {"type": "interrupted"}})
    assert read(chatgpt(QUESTION, cut)).messages[1].figures == {"finish_reason": "length"}
    assert read(chatgpt(QUESTION, stopped)).messages[1].status == "interrupted"


@pytest.mark.parametrize("at", [None, "x", -1, 1e300, float("nan"), [], {}, True])
def test_times_that_are_none_are_none(at):
    found = read({**chatgpt(node("q", "root", text="hi", at=at)), "create_time": at, "update_time": at})
    assert (found.created_at, found.updated_at, found.messages[0].created_at) == (None, None, None)


@pytest.mark.parametrize(
    "value",
    [
        {**chatgpt(), "mapping": {}},
        {**chatgpt(), "mapping": []},
        {**chatgpt(), "id": None, "conversation_id": ""},
    ],
)
def test_what_cannot_be_read_is_broken(value):
    with pytest.raises(Broken):
        read(value)


def test_nodes_of_no_shape_at_all_are_passed_over():
    strange = {
        "x": None,
        "y": {"message": 7, "parent": "root"},
        "z": {"message": {"author": None, "content": None}, "parent": "q"},
    }
    found = read({**chatgpt(QUESTION), "mapping": {**chatgpt(QUESTION)["mapping"], **strange}, "current_node": "z"})
    assert turns(found) == [("user", "hi")]
    assert found.skipped == {"of the role none": 1}
