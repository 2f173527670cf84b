"""Prompts that are refused for what they hold, and the tokens that images and documents are taken for."""

import pytest

from models_registry.calls.collected import prompt_tokens
from models_registry.calls.inputs import IMAGE_TOKENS, PAGE_TOKENS, check_inputs, turn_tokens
from models_registry.errors import InputNotSupported
from models_registry.models import LLMModel
from models_registry.providers.base import Prompt, Turn
from models_registry.providers.mistral import MistralClient
from models_registry.providers.openai import OpenAIClient

IMAGE = {"type": "image", "media_type": "image/png", "data": "QUJD"}
PDF = {"type": "document", "media_type": "application/pdf", "data": "QUJD", "name": "a.pdf"}
TEXT = {"type": "text", "text": "abcd" * 10}


class Textual(OpenAIClient):
    """A wire format without a place for documents."""

    reads_documents = False


def prompt(*parts):
    return Prompt(messages=[Turn("user", TEXT["text"], [TEXT, *parts])])


def check(asked, *, vision=None, client=OpenAIClient):
    row = LLMModel(model_id="m", vision=vision)
    check_inputs(asked, slug="p", model="m", registered=row, client=client(api_key="k"))


@pytest.mark.parametrize("vision", [None, True])
def test_what_may_be_seen_is_not_refused(vision):
    check(prompt(IMAGE, PDF), vision=vision)
    check_inputs(prompt(IMAGE), slug="p", model="m", registered=None, client=OpenAIClient(api_key="k"))


@pytest.mark.parametrize("image", [IMAGE, {"type": "tool_result", "id": "1", "content": [IMAGE]}])
def test_images_are_refused_for_the_blind(image):
    with pytest.raises(InputNotSupported) as raised:
        check(prompt(image), vision=False)
    assert raised.value.get_codes() == "images_not_supported"
    assert str(raised.value) == "p/m cannot see images. Choose another model."
    check(prompt(PDF), vision=False)


def test_documents_are_refused_where_there_is_no_place_for_them():
    with pytest.raises(InputNotSupported) as raised:
        check(prompt(PDF), client=Textual)
    assert raised.value.get_codes() == "documents_not_supported"
    check(prompt(IMAGE), client=Textual)


def test_images_and_documents_count_as_tokens():
    assert turn_tokens(Turn("user", "abcd" * 10)) == 10
    assert turn_tokens(Turn("user", TEXT["text"], [TEXT, IMAGE])) == 10 + IMAGE_TOKENS
    large = {"type": "document", "media_type": "application/pdf", "size": 1_000_000}
    assert turn_tokens(Turn("user", TEXT["text"], [TEXT, large])) == 10 + 10 * PAGE_TOKENS
    assert prompt_tokens(prompt(IMAGE, PDF)) == 10 + IMAGE_TOKENS + PAGE_TOKENS


def test_mistral_has_its_own_words_for_a_pdf():
    body = MistralClient(api_key="k").body("m", prompt(IMAGE, PDF), stream=False)
    assert body["messages"][0]["content"][1:] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
        {
            "type": "document_url",
            "document_url": "data:application/pdf;base64,QUJD",
            "document_name": "a.pdf",
        },
    ]
