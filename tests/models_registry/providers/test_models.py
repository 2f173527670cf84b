"""The providers' own lists of models."""

import pytest

from models_registry.errors import APIKeyRefused, MalformedAnswer, ProviderError
from models_registry.providers.base import ListedModel
from tests.models_registry.providers.helpers import KINDS, make

EVERY = pytest.mark.parametrize("kind", KINDS)


def test_openai(stub):
    assert make(stub, "openai").list_models() == [ListedModel("stub"), ListedModel("stub-2")]
    assert (stub.requests[0].method, stub.requests[0].path) == ("GET", "/v1/models")


def test_gateways_tell_more(stub):
    stub.openai_models = [
        {"id": "a/b", "name": "B", "context_length": 8192, "max_completion_tokens": 1024},
        {"id": "vllm", "max_model_len": 4096, "name": None},
        {"id": "groq", "context_window": 131072, "max_completion_tokens": "many"},
    ]
    assert make(stub, "openai_compatible").list_models() == [
        ListedModel("a/b", "B", 8192, 1024),
        ListedModel("vllm", None, 4096, None),
        ListedModel("groq", None, 131072, None),
    ]


def test_gemini_ids_lose_their_prefix(stub):
    stub.openai_models = [{"id": "models/gemini-3-pro", "object": "model"}, {"id": "gemini-3-flash"}]
    assert make(stub, "gemini").list_models() == [ListedModel("gemini-3-pro"), ListedModel("gemini-3-flash")]


def test_mistral_says_which_can_chat(stub):
    stub.openai_models = [
        {"id": "large", "name": "Large", "max_context_length": 131072, "capabilities": {"completion_chat": True}},
        {"id": "embed", "max_context_length": 8192, "capabilities": {"completion_chat": False}},
        {"id": "unknown"},
    ]
    assert make(stub, "mistral").list_models() == [ListedModel("large", "Large", 131072, None), ListedModel("unknown")]


def test_anthropic_pages(stub):
    stub.anthropic_models = [{"id": f"claude-{i}", "display_name": f"Claude {i}"} for i in range(2500)]
    models = make(stub, "anthropic").list_models()
    assert (len(models), models[0], models[-1].id) == (2500, ListedModel("claude-0", "Claude 0"), "claude-2499")
    assert len(stub.requests) == 3


def test_anthropic_tells_limits_where_it_knows_them(stub):
    stub.anthropic_models = [{"id": "a", "display_name": "A", "max_input_tokens": 200000, "max_tokens": 64000}]
    assert make(stub, "anthropic").list_models() == [ListedModel("a", "A", 200000, 64000)]


@EVERY
def test_items_that_are_no_models_are_passed_over(stub, kind):
    stub.openai_models = stub.anthropic_models = [{"id": 7}, {"id": "good"}]
    assert [model.id for model in make(stub, kind).list_models()] == ["good"]


@EVERY
def test_failures_are_typed(stub, kind):
    with pytest.raises(APIKeyRefused):
        make(stub, kind, "bad-key").list_models()
    with pytest.raises(ProviderError, match="The stub was asked for a 404"):
        make(stub, kind, "any?status=404").list_models()


@EVERY
def test_a_strange_list_is_malformed(stub, kind):
    for garbage in ("1", "shape", "html"):
        with pytest.raises(MalformedAnswer):
            make(stub, kind, f"any?garbage={garbage}").list_models()


CAPABILITIES = [
    ("mistral", {"capabilities": {"reasoning": True, "vision": False, "function_calling": True}}, (True, False, True)),
    ("mistral", {"capabilities": {"vision": "yes"}}, (None, None, None)),
    (
        "openai_compatible",
        {"supported_parameters": ["tools"], "architecture": {"input_modalities": ["text", "image"]}},
        (False, True, True),
    ),
    ("openai", {"architecture": None}, (None, None, None)),
    ("anthropic", {"capabilities": {"thinking": {"supported": True}, "image_input": {}}}, (True, None, None)),
]


@pytest.mark.parametrize(("kind", "item", "capabilities"), CAPABILITIES)
def test_what_a_list_says_of_capabilities(stub, kind, item, capabilities):
    setattr(stub, "anthropic_models" if kind == "anthropic" else "openai_models", [{"id": "m", **item}])
    (model,) = make(stub, kind).list_models()
    assert (model.reasoning, model.vision, model.tools) == capabilities
