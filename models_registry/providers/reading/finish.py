"""How an answer ended, in the words of each vendor and in ours."""

from typing import Any

from django.db import models

from models_registry.providers.base import FinishReason

# OpenAI's: platform.openai.com/docs/api-reference/chat/object, Anthropic's:
# docs.anthropic.com/en/api/handling-stop-reasons, Gemini's: ai.google.dev/api/generate-content#FinishReason, Mistral's:
# docs.mistral.ai/api; those of other vendors and of open servers: docs/providers.md.
WORDS: dict[FinishReason, tuple[str, ...]] = {
    "stop": ("end_turn", "stop_sequence", "pause_turn", "eos", "eos_token", "complete", "completed", "end"),
    "length": (
        *("max_tokens", "model_length", "max_output_tokens", "max_completion_tokens", "max_length", "token_limit"),
        *("model_context_window_exceeded", "error_limit", "compaction"),
    ),
    "content_filter": (
        *("safety", "recitation", "blocklist", "prohibited_content", "spii", "image_safety", "language", "sensitive"),
        *("content_filtered", "contentfilter", "guardrail_intervened", "error_toxic", "moderation", "filtered"),
    ),
    "refusal": ("refused",),
    "tool_calls": ("function_call", "function_calls", "tool_use", "tool_call", "unexpected_tool_call"),
    "error": (
        *("malformed_function_call", "network_error", "insufficient_system_resource", "abort", "aborted", "cancelled"),
        *("timeout", "failed", "internal_error", "model_error"),
    ),
}


class FinishReasons(models.TextChoices):
    """The reasons as a column has them; null is unknown."""

    STOP = "stop"
    LENGTH = "length", "limit of tokens"
    CONTENT_FILTER = "content_filter", "the provider's filter"
    REFUSAL = "refusal"
    TOOL_CALLS = "tool_calls", "asked for tools"
    ERROR = "error"


REASONS: dict[str, FinishReason] = {word: reason for reason, words in WORDS.items() for word in (reason, *words)}


def finish_reason(word: Any) -> FinishReason | None:
    """Read a vendor's word; None for one that nobody knows, and for what is none."""
    return REASONS.get(word.strip().lower().replace("-", "_")) if isinstance(word, str) else None
