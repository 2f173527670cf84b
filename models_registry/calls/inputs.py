"""Images and documents in prompts: which models can be sent them, and an estimate of their tokens."""

from collections.abc import Iterable, Iterator

from models_registry.calls.usage import estimate_tokens
from models_registry.errors import InputNotSupported
from models_registry.models import LLMModel
from models_registry.providers.base import Part, Prompt, ProviderClient, Turn

# Of an image of about a megapixel, to which vendors scale larger ones: width times height over 750,
# https://docs.anthropic.com/en/docs/build-with-claude/vision; others count 258 to 1,105.
IMAGE_TOKENS = 1_400
# A page has 1,500 to 3,000, https://docs.anthropic.com/en/docs/build-with-claude/pdf-support; how many bytes one has is
# a guess.
PAGE_TOKENS, PAGE_BYTES = 2_000, 100_000


def check_inputs(prompt: Prompt, *, slug: str, model: str, registered: LLMModel | None, client: ProviderClient) -> None:
    """Refuse images for a model that the registry says is blind, and PDFs where the wire format has no place for them.

    Of other models the provider decides. Raises InputNotSupported.
    """
    kinds = {part["type"] for turn in prompt.messages for part in all_parts(turn.parts)}
    if "image" in kinds and registered is not None and registered.vision is False:
        raise InputNotSupported(provider=slug, model=model, what="images", verb="see")
    if "document" in kinds and not client.reads_documents:
        raise InputNotSupported(provider=slug, model=model, what="documents", verb="read")


def all_parts(parts: Iterable[Part] | None) -> Iterator[Part]:
    """Yield parts, and those within what tools answered."""
    for part in parts or ():
        yield part
        if isinstance(part.get("content"), list):
            yield from all_parts(part["content"])


def turn_tokens(turn: Turn) -> int:
    """Estimate the tokens of a turn: of its texts, tools and what they answered, its images and documents."""
    if turn.parts is None:
        return estimate_tokens(turn.content)
    written, others = [], 0
    for part in all_parts(turn.parts):
        written += [part[name] for name in ("text", "arguments", "content") if isinstance(part.get(name), str)]
        written += [part["name"]] if part["type"] == "tool_call" else []
        others += _media_tokens(part)
    return estimate_tokens("".join(written)) + others


def _media_tokens(part: Part) -> int:
    if part["type"] == "image":
        return IMAGE_TOKENS
    if part["type"] != "document":
        return 0
    size = part.get("size") or len(part.get("data", "")) * 3 // 4
    return PAGE_TOKENS * max(1, size // PAGE_BYTES)
