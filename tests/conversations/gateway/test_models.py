"""GET /v1/models and names: provider/model, a bare id, aliases whose next candidate answers for one that fails."""

import openai as openai_sdk
import pytest
from openai.types import Model

from conversations.models import Conversation, Message
from models_registry.models import Alias, LLMModel, Provider
from tests.conversations.gateway.helpers import chunks, scripted, text_of, user
from tests.helpers import PASSWORD, client_for

pytestmark = pytest.mark.django_db(transaction=True)

HI = [user("Hello")]


def test_the_list(client, openai, anthropic, echo, settings):
    LLMModel.objects.create(provider=echo, model_id="echo-fast", name="Echo Fast")
    LLMModel.objects.create(provider=echo, model_id="gone", name="Gone", available=False)
    LLMModel.objects.create(provider=openai, model_id="org/deep", name="Deep")
    Alias.objects.create(name="fast", candidates=["openai/stub"])
    settings.SYSTEM_API_KEYS = {"openai": "sk-test"}
    models = [Model.model_validate(model.model_dump()) for model in client.models.list()]
    assert [(model.id, model.owned_by) for model in models] == [
        ("llmselect/auto", "llmselect"),
        ("fast", "alias"),
        ("echo/echo-fast", "echo"),
        ("openai/org/deep", "openai"),
        ("openai/stub", "openai"),
    ]
    assert all(model.created > 1_700_000_000 for model in models[1:])


def test_one(client, openai):
    LLMModel.objects.create(provider=openai, model_id="org/deep", name="Deep")
    for name in ("openai/stub", "openai/org/deep", "org/deep", "openai/not-listed"):
        model = client.models.retrieve(name)
        assert (model.id, model.owned_by) == (name, "openai")
    with pytest.raises(openai_sdk.NotFoundError) as caught:
        client.models.retrieve("nothing")
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("rows", [1, 100])
def test_few_queries(api, openai, django_assert_max_num_queries, rows):
    LLMModel.objects.bulk_create(
        LLMModel(provider=openai, model_id=f"m{number}", name=f"M{number}") for number in range(rows)
    )
    with django_assert_max_num_queries(6):
        assert len(api.get("/v1/models").json()["data"]) == rows + 2


def test_a_bare_id(client, openai, anthropic):
    with pytest.raises(openai_sdk.BadRequestError, match="anthropic/stub, openai/stub") as caught:
        client.chat.completions.create(model="stub", messages=HI)
    assert (caught.value.code, caught.value.param) == ("ambiguous_model", "model")
    LLMModel.objects.filter(provider=anthropic).delete()
    raw = client.chat.completions.with_raw_response.create(model="stub", messages=HI)
    assert raw.headers["x-llmselect-model"] == "openai/stub"


def test_a_bare_id_of_a_provider_without_a_key_is_no_rival(client, openai, anthropic, settings):
    settings.SYSTEM_API_KEYS = {"anthropic": "sk-ant-test"}
    raw = client.chat.completions.with_raw_response.create(model="stub", messages=HI)
    assert raw.headers["x-llmselect-model"] == "anthropic/stub"


class TestAliases:
    @pytest.fixture
    def alias(self, openai, anthropic):
        def make(*candidates):
            return Alias.objects.create(name="fast", candidates=list(candidates)).name

        return make

    @pytest.mark.parametrize("stream", [False, True])
    def test_the_first_one_answers(self, client, alias, stub, stream):
        name = alias(scripted("openai", reply="First"), scripted("anthropic", reply="Second"))
        raw = client.chat.completions.with_raw_response.create(model=name, messages=HI, stream=stream)
        assert raw.headers["x-llmselect-model"].startswith("openai/")
        assert len(stub.requests) == 1
        raw.parse().close() if stream else None

    @pytest.mark.parametrize("stream", [False, True])
    @pytest.mark.parametrize("failing", ["openai", "anthropic"])
    def test_the_next_one_answers_for_one_that_fails(self, client, alias, ann, stream, failing):
        other = "anthropic" if failing == "openai" else "openai"
        name = alias(scripted(failing, status=429), "nobody/nothing", scripted(other, reply="Second one"))
        raw = client.chat.completions.with_raw_response.create(model=name, messages=HI, stream=stream)
        spoke = scripted(other, reply="Second one")
        assert raw.headers["x-llmselect-model"] == spoke
        if stream:
            read = chunks(raw.parse())
            assert (text_of(read), read[0].model.removeprefix("anthropic/")) == ("Second one", spoke.partition("/")[2])
        else:
            assert raw.parse().choices[0].message.content == "Second one"
        row = Conversation.objects.get(user=ann)
        answer = Message.objects.get(conversation=row, role="assistant")
        assert {row.provider, answer.provider} == {other}
        assert row.message_count == 2

    def test_one_that_cannot_be_asked_this_is_passed_over(self, client, alias):
        name = alias(scripted("anthropic", reply="First"), scripted("openai", reply="Second"))
        raw = client.chat.completions.with_raw_response.create(model=name, messages=HI, seed=7)
        assert raw.headers["x-llmselect-model"].startswith("openai/")

    def test_after_the_first_byte_nobody_takes_over(self, client, alias, stub):
        name = alias(scripted("openai", reply="One two", error="api_error"), scripted("anthropic", reply="Second"))
        stream = client.chat.completions.create(model=name, messages=HI, stream=True)
        with pytest.raises(openai_sdk.APIError):
            chunks(stream)
        assert len(stub.requests) == 1

    def test_all_fail(self, client, alias, ann):
        name = alias(scripted("openai", status=429), scripted("anthropic", status=400, message="Bad thing."))
        with pytest.raises(openai_sdk.APIStatusError, match=r"openai/.*anthropic/.*Bad thing"):
            client.chat.completions.create(model=name, messages=HI)
        assert Message.objects.get(role="assistant").status == "error"

    def test_none_can_be_called(self, client, alias):
        with pytest.raises(openai_sdk.NotFoundError):
            client.chat.completions.create(model=alias("nobody/nothing"), messages=HI)

    def test_a_change_is_seen_at_once(self, client, alias):
        name = alias(scripted("openai", reply="First"))
        client.chat.completions.create(model=name, messages=HI)
        Alias.objects.get().delete()
        with pytest.raises(openai_sdk.NotFoundError):
            client.chat.completions.create(model=name, messages=HI)


def test_staff_define_aliases(staff, openai, client):
    page = client_for(staff)
    page.login(username="staff", password=PASSWORD)
    staff.is_superuser = True
    staff.save()
    url = "/admin/models_registry/alias/add/"
    for wrong in ("stub", "nobody/stub", "", "openai/stub\nopenai/stub"):
        page.post(url, {"name": "fast", "candidates": wrong}, format="multipart")
        assert not Alias.objects.exists()
    page.post(url, {"name": "a b", "candidates": "openai/stub"}, format="multipart")
    assert not Alias.objects.exists()
    page.post(url, {"name": "fast", "candidates": " openai/stub \n\nopenai/other\n"}, format="multipart")
    assert Alias.objects.get().candidates == ["openai/stub", "openai/other"]
    assert Provider.objects.get() == openai
