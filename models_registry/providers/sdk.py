"""What all providers that are called through an official SDK share; a subclass knows the wire format."""

import copy
import json
from abc import abstractmethod
from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar

import httpx2

from models_registry.errors import APIKeyRefused, MalformedAnswer
from models_registry.providers.base import Completion, CompletionRequest, ProviderClient
from models_registry.providers.failures import Failures
from models_registry.providers.streaming import EventReader, ProviderStream
from models_registry.providers.text import clean
from models_registry.providers.transport import timeout

MAX_COUNT = 2_147_483_647  # what PostgreSQL's integer holds
NO_KEY = "none"  # what a server that asks for no key is sent


class SDKClient(ProviderClient):
    """Sends through the SDK's own `post` and `get`, and reads the bytes that come back.

    `chat.completions.create` would turn a history of 200 messages over for 30 ms before it is sent, and
    `messages.create` parses each answer into models nobody reads; authentication, headers and errors are the same.
    """

    completions_path: ClassVar[str]
    models_path: ClassVar[str]
    refusals: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def module(self) -> ModuleType:
        """Import the SDK."""

    @abstractmethod
    def shared(self) -> Any:
        """Get the SDK's client for `base_url`, without a key."""

    @abstractmethod
    def body(self, request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
        """Write a request in the provider's format."""

    @abstractmethod
    def read(self, answer: dict[str, Any]) -> Completion:
        """Read a whole answer; raises MalformedAnswer."""

    @abstractmethod
    def reader(self, failures: Failures) -> EventReader:
        """Make a reader of a streamed answer."""

    def complete(self, request: CompletionRequest) -> Completion:
        """Ask for the whole answer."""
        with self.failures() as failures:
            answer = loads(self._post(request, stream=False).content)
            if answer.get("error"):
                raise failures.reported(answer["error"])
            completion = self.read(answer)
        text, cut = clean(completion.text)
        return Completion(text, completion.usage, cut)

    def stream(self, request: CompletionRequest) -> ProviderStream:
        """Ask for the answer piece by piece."""
        with self.failures() as failures:
            return ProviderStream(self._post(request, stream=True), self.reader(failures), failures)

    def failures(self) -> Failures:
        """Make the context that every use of the SDK needs."""
        return Failures(self.module(), self.api_key, self.refusals)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Fetch a JSON object."""
        options = {"timeout": timeout(), "params": params or {}}
        response: httpx2.Response = self._sdk().get(path, cast_to=httpx2.Response, options=options)
        return loads(response.content)

    def _post(self, request: CompletionRequest, *, stream: bool) -> httpx2.Response:
        content = json.dumps(self.body(request, stream=stream)).encode()
        response: httpx2.Response = self._sdk().post(
            self.completions_path,
            cast_to=httpx2.Response,
            content=content,
            options={"timeout": timeout()},
            stream=stream,
            stream_cls=self.module().Stream,
        )
        return response

    def _sdk(self) -> Any:
        """Give the key to a copy that lives for one call: the SDK's own `copy` reads the environment again."""
        key = self.api_key or NO_KEY
        if not (key.isascii() and key.isprintable()):
            raise APIKeyRefused("The API key holds characters that cannot be sent.")
        sdk = copy.copy(self.shared())
        sdk.api_key = key
        return sdk


def loads(content: bytes) -> dict[str, Any]:
    """Parse a JSON object; raises MalformedAnswer for anything else."""
    try:
        parsed = json.loads(content.decode(errors="replace"))  # bytes would make json guess the encoding
    except (ValueError, RecursionError):
        raise MalformedAnswer from None
    if not isinstance(parsed, dict):
        raise MalformedAnswer
    return parsed


def integer(value: Any) -> int | None:
    """Take a count that is one, and that a column can hold; None for everything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT else None
