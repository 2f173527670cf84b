import pytest

pytestmark = pytest.mark.django_db(transaction=True)


def test_whole(client, openai, echo):
    print(client.models.list())
    answer = client.chat.completions.create(
        model="openai/stub?reply=Hi there", messages=[{"role": "user", "content": "Hello"}]
    )
    assert answer.choices[0].message.content == "Hi there"
    answer = client.chat.completions.create(model="echo/echo-fast", messages=[{"role": "user", "content": "Hello"}])
    assert answer.choices[0].message.content == "Hello"


def test_stream(client, openai, anthropic):
    for model in ("openai/stub?reply=Hi there", "anthropic/stub?reply=Hi there"):
        for usage in (True, False):
            chunks = list(client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "Hello"}], stream=True, stream_options={"include_usage": usage}
            ))
            print(chunks)
            assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hi there"
            assert (chunks[-1].usage is not None) == usage
