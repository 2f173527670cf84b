"""What the gateway's endpoints take beside /chat and /chat/stream, on the same provider."""

import json
import statistics
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

from conversations.benchmarks.fixture import API, Deployment, deployment
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import interleaved, milliseconds

MESSAGE = "Say something short about the sea."
STREAMED = "stub?chunks=200"
WARM_UP = 5  # rounds
COMPLETIONS = "/v1/chat/completions"


def gateway(options: Options) -> Iterator[Result]:
    """Call both in turns: whole, without keeping anything, and streamed."""
    with deployment(options, several_workers=True) as site:
        call = _caller(site, site.log_in())
        question = [{"role": "user", "content": MESSAGE}]
        chat = {"provider": "openai", "model": "stub", "message": MESSAGE}
        whole = {"model": "openai/stub", "messages": question}
        streamed = {"model": f"openai/{STREAMED}", "messages": question, "stream": True}
        for name, most, first, second in (
            ("whole", 1.0, (f"{API}/chat", chat), (COMPLETIONS, whole)),
            ("whole, store: false", 1.0, (f"{API}/chat", chat), (COMPLETIONS, {**whole, "store": False})),
            ("200 chunks", 1.2, (f"{API}/chat/stream", {**chat, "model": STREAMED}), (COMPLETIONS, streamed)),
        ):
            pairs = interleaved(
                lambda path=first[0], body=first[1]: call(path, body),  # type: ignore[misc]
                lambda path=second[0], body=second[1]: call(path, body),  # type: ignore[misc]
                rounds=options.rounds,
                warm_up=WARM_UP,
            )
            yield Result(f"{name}: chat, median", statistics.median(one for one, _ in pairs), "ms")
            yield Result(f"{name}: gateway, median", statistics.median(other for _, other in pairs), "ms")
            ratio = statistics.median(other / one for one, other in pairs)
            yield Result(f"{name}: gateway / chat, median of pairs", ratio, "times", at_most=most)


def _caller(site: Deployment, headers: dict[str, str]) -> Callable[[str, dict[str, Any]], float]:
    """Return what sends a request over one kept connection, reads the whole response, and returns the ms it took."""
    connection = HTTPConnection(site.url.removeprefix("http://"))
    headers = {**headers, "Content-Type": "application/json"}

    def call(path: str, body: dict[str, Any]) -> float:
        encoded = json.dumps(body)

        def send() -> None:
            connection.request("POST", path, encoded, headers)
            response = connection.getresponse()
            content = response.read()
            assert response.status == 200, content  # noqa: S101 - failures would be quick

        return milliseconds(send)

    return call
