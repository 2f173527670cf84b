"""The fake provider speaks the real wire formats: the official SDKs understand it."""

import socket
import subprocess
import sys

import pytest

from models_registry.fake_provider.script import Script, parse

anthropic = pytest.importorskip("anthropic", reason="needs requirements-test.txt")
openai = pytest.importorskip("openai", reason="needs requirements-test.txt")

MESSAGES = [{"role": "user", "content": "hello you there"}]


def test_the_openai_sdk_understands_it(stub):
    with openai.OpenAI(api_key="any", base_url=stub.openai_url) as sdk:
        completion = sdk.chat.completions.create(model="stub", messages=MESSAGES)
        assert completion.choices[0].message.content == "hello you there"
        assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (3, 3)
        chunks = list(sdk.chat.completions.create(model="stub", messages=MESSAGES, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "hello you there"
        assert [model.id for model in sdk.models.list()] == ["stub", "stub-2"]


def test_the_anthropic_sdk_understands_it(stub):
    with anthropic.Anthropic(api_key="any", base_url=stub.anthropic_url) as sdk:
        message = sdk.messages.create(model="stub", max_tokens=9, messages=MESSAGES)
        assert message.content[0].text == "hello you there"
        with sdk.messages.stream(model="stub", max_tokens=9, messages=MESSAGES) as stream:
            assert list(stream.text_stream) == ["hello ", "you ", "there"]
            assert stream.get_final_message().usage.output_tokens == 3
        assert [model.id for model in sdk.models.list(limit=1)] == ["stub", "stub-2"]


def test_a_model_name_is_parsed_into_a_script():
    assert parse("vendor/any?chunks=2&delay=0.5&nul=1&reply=a+b&cut=0") == Script(
        chunks=2, delay=0.5, nul=True, reply="a b", cut=0
    )
    assert parse("plain") == Script()


def test_an_unknown_script_option_is_refused(stub):
    with openai.OpenAI(api_key="any", base_url=stub.openai_url) as sdk, pytest.raises(openai.BadRequestError):
        sdk.chat.completions.create(model="stub?wait=1", messages=MESSAGES)


@pytest.mark.parametrize(
    ("script", "pieces"),
    [
        ("reply=a+b+c", ["a ", "b ", "c"]),
        ("reply=a+b+c&chunks=2", ["a ", "b "]),
        ("reply=a&chunks=3", ["a", "a", "a"]),
        ("size=5&chunks=2", ["xxx", "xx"]),
        ("size=3", ["xxx"]),
    ],
)
def test_a_script_decides_the_pieces(script, pieces):
    assert parse(f"stub?{script}").pieces("prompt") == pieces


def test_a_port_that_is_taken_is_said_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "manage.py", "stub_provider", "--port", str(port)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith(f"CommandError: Cannot listen on 127.0.0.1:{port}: ")
    assert run.stderr.endswith("Choose another port with --port.\n")


def test_the_command_serves_in_the_foreground():
    command = [sys.executable, "manage.py", "stub_provider", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[0].removeprefix("OPENAI_BASE_URL=")
            with openai.OpenAI(api_key="any", base_url=url) as sdk:
                assert [model.id for model in sdk.models.list()] == ["stub", "stub-2"]
        finally:
            process.terminate()
