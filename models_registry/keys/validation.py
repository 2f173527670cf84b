"""Tells a text that cannot be an API key, like a placeholder out of a manual, from one that may be."""

import re

from models_registry.models import Provider, ProviderKind
from perf.pages.formatting import quantity

# The formats of 2026: OpenAI's keys have 51 characters or more, Anthropic's 100, Gemini's 39, Mistral's 32. Half of the
# shortest leaves room for formats to come.
MINIMUM = 16
VENDORS = frozenset({ProviderKind.OPENAI, ProviderKind.ANTHROPIC, ProviderKind.GEMINI, ProviderKind.MISTRAL})
# Beginnings that only one vendor's keys have, of the formats of 2026; plain `sk-` is OpenAI's, DeepSeek's and others'.
PREFIXES = {
    "sk-ant-": ("Anthropic", ProviderKind.ANTHROPIC),
    "sk-proj-": ("OpenAI", ProviderKind.OPENAI),
    "sk-svcacct-": ("OpenAI", ProviderKind.OPENAI),
    "AIzaSy": ("Gemini", ProviderKind.GEMINI),
    "sk-or-v1-": ("OpenRouter", None),
    "gsk_": ("Groq", None),
    "xai-": ("xAI", None),
}
# Words count only between separators, because the random part of a key may spell one by chance.
_PLACEHOLDER = re.compile(
    r"""
      \.\.\. | \*{3,}                                                     # sk-..., sk-***
    | ^ <.*> $ | ^ \{\{.*\}\} $ | ^ \$ (?: [A-Z_]+ | \{.*\} | \(.*\) ) $  # <key>, {{KEY}}, ${KEY}
    | (?:^|[-_.]) (?:your|placeholder|goes[-_]?here|key[-_]?here) (?:[-_.]|$)
    | (?:^|[-_.]) (?:change|replace|insert|put|paste)[-_]?(?:me|it|this|here|your|key) (?:[-_.]|$)
    | your[-_]?(?:own[-_]?)?(?:[a-z]+[-_]?)?(?:api[-_]?)?key               # yourkey, YOUR_OPENAI_API_KEY
    | ^ (?:[a-z]+[-_])* (?:api[-_]?)? key $                                # key, api-key, OPENAI_API_KEY
    | ^ (?:[a-z]+[-_])+ x{4,} $                                            # sk-xxxx
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FOREIGN = re.compile(r"""[<>{}\[\]()$*"']""")  # vendors' keys are letters, digits, `-`, `_` and single dots


def why_no_key(key: str, provider: Provider) -> str | None:
    """Return the sentence that says why a trimmed text cannot be a key of this provider, or None when it may be one.

    Placeholders are refused for every provider. A server of one's own takes any other text, such as `none` where it
    asks for a key and does not check it. The length and another vendor's
    prefix count at the vendor's own address only, because other servers speak the vendors' protocols too.
    """
    of_vendor = provider.kind in VENDORS
    if _PLACEHOLDER.search(key) or (of_vendor and _FOREIGN.search(key)):
        where = f" {provider.name} shows the real one where you created it." if of_vendor else ""
        return f"This is a placeholder, not a key.{where}"
    if not of_vendor or provider.endpoint:
        return None
    for prefix, (vendor, kind) in PREFIXES.items():
        if key.startswith(prefix) and kind != provider.kind:
            return f"This is a key of {vendor}, not of {provider.name}: it begins with {prefix}."
    if len(key) < MINIMUM:
        return f"This is too short for a key of {provider.name}: it has {quantity(len(key), 'character')}."
    return None
