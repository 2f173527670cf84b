"""Refusals as vendors word them: which error each is, and what it says."""

import pytest

from models_registry.errors import (
    APIKeyRefused,
    ContextLengthExceeded,
    ProviderError,
    ProviderQuotaExceeded,
    ProviderRateLimited,
)
from tests.models_registry.providers.helpers import KEY, ask, document, drain, make

PLACE = "The provider does not serve the place this server calls from: use another, or a proxy (HTTPS_PROXY)."
MODERATION = "The provider's moderation refused the prompt: change it, or ask another model."
WALL = "A firewall, or a rule for where this server calls from, may refuse its calls: try a proxy (HTTPS_PROXY)."
PAGE = "<html><title>Attention Required! | Cloudflare</title></html>"


def refused(stub, status, body, kind="openai"):
    stub.recordings["m"] = document(body, status)
    with pytest.raises(ProviderError) as raised:
        drain(make(stub, kind).stream(*ask("m")))
    assert KEY not in str(raised.value)
    return raised.value


def openai(message, code=None, kind=None):
    return {"error": {"message": message, "code": code, "type": kind, "param": None}}


# https://platform.openai.com/docs/guides/error-codes, https://docs.anthropic.com/en/api/errors,
# https://ai.google.dev/gemini-api/docs/troubleshooting, https://openrouter.ai/docs/api-reference/errors
FORBIDDEN = {
    "OpenAI's region": (
        openai("Country, region, or territory not supported", "unsupported_country_region_territory"),
        ProviderError,
        f"Country, region, or territory not supported (status 403). {PLACE}",
    ),
    "Google's region": (
        openai("User location is not supported for the API use."),
        ProviderError,
        f"User location is not supported for the API use (status 403). {PLACE}",
    ),
    "OpenRouter's moderation": (
        openai("Your input was flagged by moderation."),
        ProviderError,
        f"Your input was flagged by moderation (status 403). {MODERATION}",
    ),
    "Anthropic's": (
        {"type": "error", "error": {"type": "forbidden", "message": "Request not allowed"}},
        ProviderError,
        "Request not allowed (status 403).",
    ),
    "OpenAI's project": (
        openai("Project `p` does not have access to model `gpt-5`", "model_not_found"),
        ProviderError,
        "Project `p` does not have access to model `gpt-5` (status 403).",
    ),
    "Anthropic's permission": (
        {"type": "error", "error": {"type": "permission_error", "message": "Your API key may not use this."}},
        APIKeyRefused,
        "Your API key may not use this.",
    ),
    "Google's leaked key": (
        [openai("Your API key was reported as leaked.")],
        APIKeyRefused,
        "Your API key was reported as leaked.",
    ),
    "xAI's": (
        openai("Incorrect credentials provided."),
        APIKeyRefused,
        "Incorrect credentials provided.",
    ),
    "a firewall's page": (
        PAGE,
        ProviderError,
        f" answered 403 Forbidden (Attention Required! | Cloudflare). {WALL}",
    ),
    "xAI's credits": (
        openai("Your newly created team doesn't have any credits yet."),
        ProviderQuotaExceeded,
        "Your newly created team doesn't have any credits yet.",
    ),
}


@pytest.mark.parametrize("who", FORBIDDEN)
def test_403_is_a_refused_key_only_when_it_says_so(stub, who):
    body, kind, message = FORBIDDEN[who]
    error = refused(stub, 403, body)
    assert (type(error), error.details) == (kind, {"status": 403})
    assert str(error).endswith(message)


MONEY = {
    "402": (402, openai("Insufficient Balance", "invalid_request_error")),
    "OpenAI": (
        429,
        openai("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota"),
    ),
    "Anthropic": (
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "Your credit balance is too low to access the Anthropic API.",
            },
        },
    ),
    "Moonshot": (429, openai("Your account is suspended", None, "exceeded_current_quota_error")),
    "OpenRouter": (402, openai("This request requires more credits, or fewer max_tokens.", 402)),
}


@pytest.mark.parametrize("who", MONEY)
def test_an_account_without_money(stub, who):
    status, body = MONEY[who]
    error = refused(stub, status, body)
    assert (type(error), error.status_code, error.get_codes()) == (
        ProviderQuotaExceeded,
        402,
        "provider_quota_exceeded",
    )
    assert str(error) == body["error"]["message"]


def test_a_rate_is_no_quota(stub):
    message = "Rate limit reached. Please try again in 2s. Add a payment method at https://x/account/billing."
    assert type(refused(stub, 429, openai(message, "rate_limit_exceeded"))) is ProviderRateLimited
    gemini = [
        {
            "error": {
                "message": "You exceeded your current quota, please check your plan and billing details.",
                "details": [{"retryDelay": "37s"}],
            }
        }
    ]
    assert type(refused(stub, 429, gemini)) is ProviderRateLimited


OVERFLOWS = {
    "OpenAI": (
        400,
        (
            "This model's maximum context length is 8192 tokens. However, your "
            "messages resulted in 9000 tokens. Please reduce the length of the messages."
        ),
        8_192,
        9_000,
    ),
    "vLLM": (
        400,
        (
            "This model's maximum context length is 4096 tokens. However, you "
            "requested 5000 tokens (4000 in the messages, 1000 in the completion)."
        ),
        4_096,
        5_000,
    ),
    "Anthropic": (400, "prompt is too long: 215,000 tokens > 200,000 maximum", 200_000, 215_000),
    "Gemini": (
        400,
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        1_048_576,
        1_200_000,
    ),
    "Mistral": (
        400,
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        32_768,
        40_000,
    ),
    "xAI": (
        400,
        "This model's maximum prompt length is 131072 but the request contains 150000 tokens.",
        131_072,
        150_000,
    ),
    "Together": (
        422,
        "`inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 512 `max_new_tokens`",
        8_193,
        9_000,
    ),
    "only the limit": (400, "Requested token count exceeds the maximum context length of 8192 tokens.", 8_192, None),
    "no number": (400, "Please reduce the length of the messages or completion.", None, None),
}


@pytest.mark.parametrize("who", OVERFLOWS)
def test_a_prompt_that_is_too_long(stub, who):
    status, message, window, prompt = OVERFLOWS[who]
    error = refused(stub, status, openai(message))
    assert (type(error), error.status_code, str(error)) == (ContextLengthExceeded, 413, message)
    assert error.details == {"status": status, "context_window": window, "prompt_tokens": prompt}


def test_llama_cpp_tells_its_numbers_in_fields(stub):
    error = {
        "code": 400,
        "message": "the request exceeds the available context size",
        "type": "exceed_context_size_error",
    }
    numbers = {"n_prompt_tokens": 1234, "n_ctx": 512}
    assert refused(stub, 400, {"error": {**error, **numbers}}).details == {
        "status": 400,
        "context_window": 512,
        "prompt_tokens": 1_234,
    }


def test_a_limit_of_tokens_a_minute_is_no_context(stub):
    message = "Request too large for model x on tokens per minute (TPM): Limit 6000, Requested 9000"
    assert type(refused(stub, 413, openai(message, "rate_limit_exceeded"))) is ProviderError


@pytest.mark.parametrize("retry", [False, True])
def test_a_504_is_tried_again_only_when_told_to(stub, settings, retry):
    settings.PROVIDER_RETRY_504 = retry
    assert str(refused(stub, 504, "<html>504 Gateway Time-out</html>")).endswith(" answered 504 Gateway Timeout.")
    assert len(stub.requests) == (3 if retry else 1)
