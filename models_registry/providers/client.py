"""What all providers that are reached over HTTP share; a subclass knows the wire format."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from models_registry.errors import APIKeyRefused, MalformedAnswer
from models_registry.providers.base import Completion, Prompt, ProviderClient
from models_registry.providers.failures import Failures
from models_registry.providers.http import Answer, send
from models_registry.providers.streaming import EventReader, ProviderStream
from models_registry.providers.text import clean

NO_KEY = "none"  # what a server that asks for no key is sent
HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "LLMSelect"}


class HTTPClient(ProviderClient):
    """Sends JSON with a key, and reads the bytes that come back.

    What is sent is what the vendors' own SDKs send; a test compares them (docs/decisions/0019-no-sdk-at-run-time.md).
    """

    completions_path: ClassVar[str]
    models_path: ClassVar[str]
    headers: ClassVar[Mapping[str, str]] = {}
    refusals: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def body(self, model: str, prompt: Prompt, *, stream: bool) -> dict[str, Any]:
        """Write a request in the provider's format."""

    @abstractmethod
    def read(self, answer: dict[str, Any]) -> Completion:
        """Read a whole answer; raises MalformedAnswer."""

    @abstractmethod
    def reader(self, failures: Failures) -> EventReader:
        """Make a reader of a streamed answer."""

    def complete(self, model: str, prompt: Prompt) -> Completion:
        """Ask for the whole answer; raises ProviderError."""
        with self.failures() as failures:
            answer = loads(self._post(model, prompt, failures, stream=False).read())
            if answer.get("error"):
                raise failures.reported(answer["error"])
            completion = self.read(answer)
        (text, cut), (reasoning, _) = clean(completion.text), clean(completion.reasoning)
        return Completion(text, completion.usage, cut, reasoning)

    def stream(self, model: str, prompt: Prompt) -> ProviderStream:
        """Ask for the answer piece by piece; raises ProviderError when the provider refuses."""
        with self.failures() as failures:
            return ProviderStream(self._post(model, prompt, failures, stream=True), self.reader(failures), failures)

    def failures(self) -> Failures:
        """Make the context that every call needs."""
        return Failures(self.api_key, self.refusals)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Fetch a JSON object; raises ProviderError."""
        query = f"?{urlencode(params)}" if params else ""
        with self.failures() as failures:
            return loads(self._send("GET", path + query, failures).read())

    def _post(self, model: str, prompt: Prompt, failures: Failures, *, stream: bool) -> Answer:
        body = json.dumps(self.body(model, prompt, stream=stream)).encode()
        return self._send("POST", self.completions_path, failures, body)

    def _send(self, method: str, path: str, failures: Failures, body: bytes | None = None) -> Answer:
        key = self.api_key or NO_KEY
        if not (key.isascii() and key.isprintable()):
            raise APIKeyRefused("The API key holds characters that cannot be sent.")
        headers = {**HEADERS, **self.headers, "Authorization": f"Bearer {key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        answer = send(method, self.base_url.rstrip("/") + path, headers=headers, body=body)
        if answer.status >= 300:
            raise failures.refusal(answer)
        return answer


def loads(content: bytes) -> dict[str, Any]:
    """Parse a JSON object; raises MalformedAnswer for anything else."""
    try:
        parsed = json.loads(content.decode(errors="replace"))  # bytes would make json guess the encoding
    except (ValueError, RecursionError):
        raise MalformedAnswer from None
    if not isinstance(parsed, dict):
        raise MalformedAnswer
    return parsed


def dig(value: Any, *names: str) -> Any:
    """Follow names into nested objects; None where one is missing or no object."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def flag(value: Any, *names: str) -> bool | None:
    """Follow names to a true or false; None for anything else."""
    found = dig(value, *names)
    return found if isinstance(found, bool) else None
