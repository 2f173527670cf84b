"""The time that a chat adds to a call of the provider."""

import json
import statistics
from collections.abc import Iterator
from http.client import HTTPConnection

from conversations.benchmarks.fixture import API, Deployment, deployment
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import in_turns, milliseconds

MESSAGE = "Say something short about the sea."
WARM_UP = 5  # rounds


def chat(options: Options) -> Iterator[Result]:
    """Call the SDK and POST /chat in turns, on the same provider."""
    with deployment(options, several_workers=True) as site:
        pairs = added_by_chat(site, site.log_in(), rounds=options.rounds)
    yield Result("bare SDK, median", statistics.median(bare for bare, _ in pairs), "ms")
    yield Result("POST /chat, median", statistics.median(ours for _, ours in pairs), "ms")
    yield Result("added, median of pairs", statistics.median(ours - bare for bare, ours in pairs), "ms", at_most=3)


def added_by_chat(site: Deployment, login: dict[str, str], *, rounds: int) -> list[tuple[float, float]]:
    """Return the times of the bare SDK's call and of POST /chat, in ms, round by round."""
    from openai import OpenAI  # what only tests and benchmarks install: requirements-test.txt

    sdk = OpenAI(api_key="benchmark", base_url=site.provider)
    # The standard library's client, for the time of a slower one would be measured as the server's.
    connection = HTTPConnection(site.url.removeprefix("http://"))
    headers = {**login, "Content-Type": "application/json"}
    body = json.dumps({"provider": "openai", "model": "stub", "message": MESSAGE})

    def bare() -> None:
        sdk.chat.completions.create(model="stub", messages=[{"role": "user", "content": MESSAGE}])

    def ours() -> None:
        connection.request("POST", f"{API}/chat", body, headers)
        answer = json.load(connection.getresponse())
        assert answer["response"] == MESSAGE, answer  # noqa: S101  # a measurement of failures would mislead

    return in_turns(lambda: milliseconds(bare), lambda: milliseconds(ours), rounds=rounds, warm_up=WARM_UP)
