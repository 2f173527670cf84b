"""Thinking between tags, however it is cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.calls.completion import Call, has_think_tags, resolve
from models_registry.models import Provider
from models_registry.providers.base import Prompt, Reasoning, Turn
from models_registry.providers.reading.thinking import ThinkTags
from perf.api.access import Access
from tests.models_registry.providers.helpers import delta, sse

ANSWERS = {
    "<think>plan</think>Answer": ("plan", "Answer"),
    "\n<think>\nplan\n</think>\n\nAnswer": ("plan", "Answer"),
    "<think>a < b </thin> c</think>d": ("a < b </thin> c", "d"),
    "<think>\n\n</think>\n\nAnswer": ("", "Answer"),
    "<think>only": ("only", ""),
    "<think>one </think> two <think>three</think>": ("one", "two <think>three</think>"),
    "Use <think> for it.": ("", "Use <think> for it."),
    "<thinking>": ("", "<thinking>"),
    "<thi": ("", "<thi"),
    "  x": ("", "  x"),
    "": ("", ""),
    "plain": ("", "plain"),
}


def split(pieces):
    tags = ThinkTags()
    found = [piece for text in pieces for piece in tags.feed(text)] + tags.finish()
    thought = "".join(piece for piece in found if isinstance(piece, Reasoning))
    return thought, "".join(piece for piece in found if not isinstance(piece, Reasoning))


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1_000])
def test_it_is_told_apart(answer, size):
    assert split([answer[start : start + size] for start in range(0, len(answer), size)]) == ANSWERS[answer]


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "th", "ink>", "</", " ", "\n", "x"])), st.data())
def test_the_pieces_make_no_difference(parts, data):
    answer = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=6)))
    pieces = [answer[start:end] for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
    assert split(pieces) == split([answer])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"openai_compatible": True}, True),
        ({}, False),
        ({"openai_compatible": True, "vllm": False}, False),
        ({"vllm": True}, True),
        ({"vllm": False, "vllm/deep/r1": True}, True),
        ({"openai_compatible": True, "vllm/other": False}, True),
    ],
)
def test_it_is_set_by_kind_provider_and_model(settings, told, expected):
    settings.THINK_TAGS = told
    assert has_think_tags(Provider(slug="vllm", kind="openai_compatible"), "deep/r1") is expected


@pytest.mark.django_db
@pytest.mark.parametrize(("slug", "text"), [("vllm", "Answer"), ("openai", "<think>plan</think>Answer")])
def test_a_call(ann, stub, openai, slug, text):
    Provider.objects.create(
        slug="vllm", name="vLLM", kind="openai_compatible", base_url=stub.openai_url, requires_key=False
    )
    stub.recordings["m"] = sse(
        delta("<thi"), delta("nk>plan</th"), delta("ink>Ans"), delta("wer"), delta(finish="stop")
    )
    provider = Provider.objects.get(slug=slug)
    call = Call(resolve(access=Access(ann.pk), provider=provider, model="m"), Prompt(messages=[Turn("user", "x")]))
    call.complete()
    assert (call.text, call.reasoning) == (text, "plan" if slug == "vllm" else "")
