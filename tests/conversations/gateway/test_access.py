"""API tokens at the gateway: either protocol takes them, and their limits hold for every name of a model."""

import anthropic as anthropic_sdk
import openai as openai_sdk
import pytest

from conversations.models import Conversation
from models_registry.models import Alias
from tests.conversations.gateway.helpers import scripted, user
from tests.helpers import token_for

pytestmark = pytest.mark.django_db(transaction=True)

HI = [user("Hello")]


def sdk_with(live_server, token):
    return openai_sdk.OpenAI(base_url=f"{live_server.url}/v1", api_key=token, max_retries=0)


def test_both_protocols_take_them(live_server, ann, openai):
    token = token_for(ann)
    with sdk_with(live_server, token) as sdk:
        sdk.chat.completions.create(model="openai/stub", messages=HI)
    for key in ({"api_key": token}, {"auth_token": token, "api_key": None}):
        with anthropic_sdk.Anthropic(base_url=live_server.url, max_retries=0, **key) as sdk:
            sdk.messages.create(model="openai/stub", max_tokens=9, messages=HI)
    assert Conversation.objects.filter(user=ann).count() == 3


def test_allowed_models(live_server, ann, openai, anthropic):
    Alias.objects.create(name="any", candidates=["openai/stub", scripted("anthropic", reply="Fine.")])
    Alias.objects.create(name="other", candidates=["openai/stub"])
    with sdk_with(live_server, token_for(ann, allowed_models=["anthropic/*"])) as sdk:
        assert [model.id for model in sdk.models.list()] == ["llmselect/auto", "any", "anthropic/stub"]
        raw = sdk.chat.completions.with_raw_response.create(model="any", messages=HI)
        assert raw.headers["x-llmselect-model"].startswith("anthropic/")
        for name in ("openai/stub", "other"):
            with pytest.raises(openai_sdk.PermissionDeniedError) as caught:
                sdk.chat.completions.create(model=name, messages=HI)
            assert caught.value.code == "model_not_allowed"
            with pytest.raises(openai_sdk.PermissionDeniedError):
                sdk.models.retrieve(name)
    assert Conversation.objects.count() == 1


def test_allowed_endpoints(live_server, ann, openai):
    with sdk_with(live_server, token_for(ann, allowed_endpoints=["chat"])) as sdk:
        with pytest.raises(openai_sdk.PermissionDeniedError) as caught:
            sdk.chat.completions.create(model="openai/stub", messages=HI)
        assert caught.value.code == "endpoint_not_allowed"
    with sdk_with(live_server, token_for(ann, name="reader", read_only=True)) as sdk:
        assert list(sdk.models.list())
        with pytest.raises(openai_sdk.PermissionDeniedError) as caught:
            sdk.chat.completions.create(model="openai/stub", messages=HI)
        assert caught.value.code == "read_only_token"
