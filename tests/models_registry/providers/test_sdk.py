"""What we send is what the vendors' SDKs send, and what they would do at a failure is what we do."""

import pytest

from models_registry.errors import APIKeyRefused, ProviderError, ProviderRateLimited
from models_registry.providers.base import Prompt, Turn
from tests.models_registry.providers.helpers import KEY, make, whole

anthropic = pytest.importorskip("anthropic", reason="needs requirements-test.txt")
openai = pytest.importorskip("openai", reason="needs requirements-test.txt")

TURNS = [("user", "one"), ("assistant", "two"), ("user", "three — \u2028 😀")]
MODEL = "stub"
PROMPT = Prompt(messages=[Turn(*turn) for turn in TURNS], system="Be brief.", temperature=0.5, max_tokens=7)
MESSAGES = [{"role": role, "content": content} for role, content in TURNS]

# What says which program asks, not what it asks.
OWN = ("user-agent", "x-stainless-", "content-length", "connection", "host")


def openai_sdk(stub, how):
    with openai.OpenAI(api_key=KEY, base_url=stub.openai_url, max_retries=0) as sdk:
        if how == "list":
            return list(sdk.models.list())
        stream = {"stream": True, "stream_options": {"include_usage": True}} if how == "stream" else {}
        messages = [{"role": "system", "content": "Be brief."}, *MESSAGES]
        answer = sdk.chat.completions.create(
            model="stub", messages=messages, temperature=0.5, max_completion_tokens=7, **stream
        )
        return list(answer) if stream else answer


def anthropic_sdk(stub, how):
    with anthropic.Anthropic(api_key=KEY, base_url=stub.anthropic_url, max_retries=0) as sdk:
        if how == "list":
            return list(sdk.models.list(limit=1000))
        stream = {"stream": True} if how == "stream" else {}
        answer = sdk.messages.create(
            model="stub",
            messages=MESSAGES,
            system="Be brief.",
            max_tokens=7,
            extra_body={"temperature": 0.5},  # which this SDK names no more
            **stream,
        )
        return list(answer) if stream else answer


SDKS = {"openai": openai_sdk, "anthropic": anthropic_sdk}


def asked(received):
    headers = {name: value for name, value in received.headers.items() if not name.startswith(OWN)}
    return received.method, received.path, headers, received.body


@pytest.mark.parametrize("kind", SDKS)
@pytest.mark.parametrize("how", ["stream", "list"])
def test_our_requests_are_those_of_the_sdk(stub, kind, how):
    SDKS[kind](stub, how)
    client = make(stub, kind)
    {"stream": lambda: list(client.stream(MODEL, PROMPT))}.get(how, client.list_models)()
    theirs, ours = stub.requests
    assert asked(ours) == asked(theirs)


@pytest.mark.parametrize("kind", SDKS)
@pytest.mark.parametrize(
    ("status", "theirs", "ours"),
    [
        (400, "BadRequestError", ProviderError),
        (401, "AuthenticationError", APIKeyRefused),
        (403, "PermissionDeniedError", APIKeyRefused),
        (404, "NotFoundError", ProviderError),
        (422, "UnprocessableEntityError", ProviderError),
        (429, "RateLimitError", ProviderRateLimited),
        (500, "InternalServerError", ProviderError),
    ],
)
def test_a_status_is_taken_for_what_the_sdk_takes_it_for(stub, kind, status, theirs, ours):
    model = f"stub?status={status}&message=So+it+is.&should_retry=false"
    if kind == "openai":
        create = openai.OpenAI(api_key=KEY, base_url=stub.openai_url, max_retries=0).chat.completions.create
    else:
        create = anthropic.Anthropic(api_key=KEY, base_url=stub.anthropic_url, max_retries=0).messages.create
    with pytest.raises(getattr({"openai": openai, "anthropic": anthropic}[kind], theirs), match=r"So it is\."):
        create(model=model, messages=MESSAGES, max_tokens=7)
    with pytest.raises(ProviderError) as raised:
        whole(make(stub, kind), model, Prompt(messages=PROMPT.messages))
    assert (type(raised.value), str(raised.value)) == (ours, "So it is.")
