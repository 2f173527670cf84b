"""The ids of models that cannot chat, and corrections of genai-prices' entries; checked by hand for version 0.2.3."""

import re
from typing import NamedTuple


class Capabilities(NamedTuple):
    """Whether a model can think before it answers, sees images, and calls tools; None is unknown."""

    reasoning: bool | None = None
    vision: bool | None = None
    tools: bool | None = None


def _words(*words: str) -> re.Pattern[str]:
    """Match any of the words as a whole part of an id; all characters but letters separate parts."""
    return re.compile(rf"(?:^|[^a-z])(?:{'|'.join(words)})(?:[^a-z]|$)")


# At every provider, gateways included, these models do not chat.
ANYWHERE = _words("embed", "embeddings?", "moderation", "rerank", "reranker", "transcribe", "tts", "whisper")
# At the four vendors only: a gateway may translate a chat for an image or a research model.
AT_VENDORS = _words("audio", "computer-use", "deep-research", "image", "live", "ocr", "realtime")
# No API accepts these: prefixes of ids (`ft:` needs the name of an organisation after it), and OpenRouter's variants.
NO_ID = re.compile(r"^ft:|-$|:(?:free|extended|thinking)$")

BY_VENDOR = {
    # Models of the completions API (ada … davinci, instruct) and of the responses API (codex, o1-pro, gpt-5-pro …;
    # cyber, rosalind and daybreak by the types of OpenAI's SDK), video and images, and open weights that OpenAI does
    # not serve.
    "openai": re.compile(
        r"^(?:text-)?(?:ada|babbage|curie|davinci)\b|^gpt-3\.5-turbo-instruct|codex|^(?:o\d|gpt-[\d.]+)-pro\b"
        r"|^gpt-oss|^dall-e|^sora|\b(?:cyber|rosalind|daybreak)\b"
    ),
    # Text completions, which ended in 2025.
    "anthropic": re.compile(r"^claude-(?:v1|instant)"),
    # Video, images, music, question answering, agents and robots; ids of Vertex AI (Claude, `-maas`) and OpenRouter
    # (gemini-flash-1.5, gemma-2); gemma-3 and gemma-3n are prefixes of ids like gemma-3-27b-it.
    "gemini": re.compile(
        r"omni|banana|^imagen|^veo|^lyria|^aqa$|robotics.*-streaming|^claude|-maas$"
        r"|^gemini-(?:flash|pro)-1\.5|^gemma-2-|^gemma-3n?$"
    ),
    # Other vendors' models, Voxtral models that only transcribe, and Hugging Face's names of open weights.
    "mistral": re.compile(r"^(?:zai|deepseek)-|^voxtral-mini-(?:latest|26)|^mistral-small-.*24b|^ministral-3b$"),
}

# genai-prices' ids, and the ids that the API accepts for the same models.
API_IDS = {
    "openai": {
        "gpt-chat-latest": "chat-latest",
        "gpt-5.3": "gpt-5.3-chat-latest",
        "gpt-3.5-0301": "gpt-3.5-turbo-0301",
    },
    "mistral": {
        "codestral": "codestral-latest",
        "devstral-small": "devstral-small-latest",
        "magistral-medium": "magistral-medium-latest",
        "magistral-small": "magistral-small-latest",
        "ministral-8b": "ministral-8b-2410",
        "mistral-7b": "open-mistral-7b",
        "mistral-large": "mistral-large-2411",  # -latest now means a later, cheaper model
        "mistral-medium-3-1": "mistral-medium-2508",
        "mistral-nemo": "open-mistral-nemo",
        "mistral-saba": "mistral-saba-latest",
        "mistral-small-3.2-24b-instruct": "mistral-small-2506",
        "mixtral-8x22b-instruct": "open-mixtral-8x22b",
        "mixtral-8x7b": "open-mixtral-8x7b",
        "pixtral-12b": "pixtral-12b-latest",
        "pixtral-large": "pixtral-large-latest",
        "voxtral-small-24b-2507": "voxtral-small-latest",
    },
}

# Aliases of a newer model that genai-prices still resolves to an older one; their price is unknown.
MOVED_ON = {"mistral": {"mistral-large-latest"}}

# Corrections of misleading names.
NAMES = {"o4-mini": "o4 mini"}

# What models can do, which genai-prices does not record: the first pattern that an id begins with counts. What a
# provider's own list tells counts for more. Of ids that no pattern fits nothing is known.
CAPABILITIES = {
    # developers.openai.com/api/docs/models and its page for each model. GPT-5 and later reason, the chat models aside.
    "openai": {
        r"gpt-[\d.]+-search|gpt-4o(-mini)?-search": Capabilities(),
        r"chatgpt-4o": Capabilities(reasoning=False, vision=True, tools=False),
        r"chat-latest|gpt-\d[\d.]*-chat": Capabilities(vision=True),
        r"o1-(mini|preview)": Capabilities(reasoning=True, vision=False, tools=False),
        r"o3-mini": Capabilities(reasoning=True, vision=False, tools=True),
        r"o\d|gpt-([5-9]|\d\d)": Capabilities(reasoning=True, vision=True, tools=True),
        r"gpt-4-turbo-preview|gpt-4-(0125|1106)": Capabilities(reasoning=False, vision=False, tools=True),
        r"gpt-4-vision": Capabilities(reasoning=False, vision=True, tools=False),
        r"gpt-4(o|\.\d|-turbo)": Capabilities(reasoning=False, vision=True, tools=True),
        r"gpt-4|gpt-3\.5-turbo": Capabilities(reasoning=False, vision=False, tools=True),
    },
    # platform.claude.com/docs/en/about-claude/models/overview, and build-with-claude/extended-thinking: since 3.7. From
    # Claude 4 on the number is last.
    "anthropic": {
        r"claude-3-7|claude-[a-z]+-\d": Capabilities(reasoning=True, vision=True, tools=True),
        r"claude-3": Capabilities(reasoning=False, vision=True, tools=True),
        r"claude-2": Capabilities(reasoning=False, vision=False, tools=False),
    },
    # ai.google.dev/gemini-api/docs/models, thinking (2.5 and later), ai.google.dev/gemma/docs/core/gemma_on_gemini_api.
    "gemini": {
        r"gemini-(2\.[5-9]|[3-9]|(flash|flash-lite|pro)-latest|robotics-er)": Capabilities(
            reasoning=True, vision=True, tools=True
        ),
        r"gemini-2\.0-flash-thinking": Capabilities(reasoning=True, vision=True),
        r"gemini-(1\.5|2\.0)": Capabilities(reasoning=False, vision=True, tools=True),
        r"gemma-4": Capabilities(reasoning=True, vision=True, tools=True),
        r"gemma-3-(4|12|27)b": Capabilities(reasoning=False, vision=True),
    },
    # docs.mistral.ai/models, and inference/conversations: vision, reasoning, function calling. Small 4 (2603) and
    # Medium 3.5 reason when they are asked to.
    "mistral": {
        r"magistral": Capabilities(reasoning=True),
        r"mistral-(small-(2603|latest)|medium-(3[-.]?5|latest))": Capabilities(reasoning=True, vision=True, tools=True),
        r"mistral-(small-(2503|2506)|medium-(2505|2508)|large-2512)": Capabilities(
            reasoning=False, vision=True, tools=True
        ),
        r"ministral-\d+b-(2512|latest)|pixtral": Capabilities(reasoning=False, vision=True, tools=True),
        r"codestral|ministral-\d+b-2410|mistral-large-24|open-mistral-nemo|open-mixtral-8x22b": Capabilities(
            reasoning=False, vision=False, tools=True
        ),
        r"devstral": Capabilities(reasoning=False, tools=True),
        r"voxtral-small": Capabilities(reasoning=False, vision=False, tools=True),
    },
}


def capabilities(vendor: str, model_id: str) -> Capabilities:
    """Say what a model of a vendor can do, as far as its id tells."""
    name = model_id.lower()
    return next(
        (can for pattern, can in CAPABILITIES.get(vendor, {}).items() if re.match(pattern, name)), Capabilities()
    )


# When vendors shut models down, which genai-prices does not record: until that day they are deprecated, from then on
# they are only offered where a provider's own list has them. Days to come and of 2026 are
# those announced in the types of the openai and anthropic SDKs and on the vendors' pages
# (developers.openai.com/api/docs/deprecations, platform.claude.com/docs/en/about-claude/model-deprecations,
# ai.google.dev/gemini-api/docs/deprecations, docs.mistral.ai/models). Earlier ones are approximate: what counts is that
# they are past.
SHUTDOWNS = {
    "openai": {
        "gpt-3.5-turbo-0301": "2024-09-13",
        "gpt-3.5-turbo-0613": "2024-09-13",
        "gpt-3.5-turbo-16k": "2024-09-13",
        "gpt-4-vision-preview": "2024-12-06",
        "gpt-4-32k": "2025-06-06",
        "gpt-4.5-preview": "2025-07-14",
        "o1-preview": "2025-07-28",
        "o1-mini": "2025-10-27",
        "chatgpt-4o-latest": "2026-02-17",
        "gpt-4o-search-preview": "2026-07-23",
        "gpt-5.3-chat-latest": "2026-08-10",
        "gpt-3.5-turbo-1106": "2026-09-28",
        "gpt-3.5-turbo": "2026-10-23",
        "gpt-4": "2026-10-23",
        "gpt-4-turbo": "2026-10-23",
        "gpt-4.1-nano": "2026-10-23",
        "gpt-4o-2024-05-13": "2026-10-23",
        "o1": "2026-10-23",
        "o3-mini": "2026-10-23",
        "o4-mini": "2026-10-23",
        "gpt-5": "2026-12-11",
        "gpt-5-mini": "2026-12-11",
        "gpt-5-nano": "2026-12-11",
        "o3": "2026-12-11",
        "gpt-4.1": "2027-01-14",
        "gpt-4.1-mini": "2027-01-14",
        "gpt-4o": "2027-01-14",
        "gpt-4o-mini": "2027-01-14",
        "gpt-5.1": "2027-04-01",
        "gpt-5.4-nano": "2027-04-01",
    },
    "anthropic": {
        "claude-2": "2025-07-21",
        "claude-3-sonnet": "2025-07-21",
        "claude-3-5-sonnet": "2025-10-28",
        "claude-3-opus-latest": "2026-01-05",
        "claude-3-7-sonnet-latest": "2026-02-19",
        "claude-3-5-haiku-latest": "2026-02-19",
        "claude-3-haiku": "2026-04-20",
        "claude-opus-4-0": "2026-06-15",
        "claude-sonnet-4-0": "2026-06-15",
        "claude-opus-4-1": "2026-08-05",
        "claude-sonnet-4-5": "2026-11-30",
    },
    "gemini": {
        "gemini-1.0-pro-vision-001": "2025-02-15",
        "gemini-pro": "2025-02-15",
        "gemini-2.5-flash-preview": "2025-07-15",
        "gemini-1.5-flash": "2025-09-29",
        "gemini-1.5-pro": "2025-09-29",
        "gemini-3-pro-preview": "2026-03-09",
        "gemini-2.0-flash": "2026-06-01",
        "gemini-2.0-flash-lite": "2026-06-01",
        "gemini-2.5-flash": "2026-12-01",
        "gemini-2.5-pro": "2026-12-01",
    },
    "mistral": {
        "mistral-tiny": "2025-03-30",
        "open-mistral-7b": "2025-03-30",
        "open-mixtral-8x7b": "2025-03-30",
        "open-mixtral-8x22b": "2025-03-30",
        "mistral-medium-2312": "2025-06-16",
        "mistral-saba-latest": "2025-09-30",
        "ministral-8b-2410": "2025-12-31",
        "pixtral-12b-latest": "2025-12-31",
        "mistral-large-2411": "2026-05-31",
        "pixtral-large-latest": "2026-05-31",
        "open-mistral-nemo": "2026-07-31",
    },
}
