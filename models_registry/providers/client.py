"""What all providers that are reached over HTTP share; a subclass knows the wire format."""

import json
from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from models_registry.errors import APIKeyRefused, ProviderError
from models_registry.providers.asking.adapting import ATTEMPTS, Dialect, learn, memory, room_left
from models_registry.providers.asking.addresses import Base, split
from models_registry.providers.base import Prompt, ProviderClient, Relay, WireFormat
from models_registry.providers.failures import Failures, read_body
from models_registry.providers.http import Answer, send
from models_registry.providers.reading.events import EventReader, parse
from models_registry.providers.reading.relaying import RelayedStream
from models_registry.providers.reading.streaming import ProviderStream

NO_KEY = "none"  # what a server that asks for no key is sent
HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "LLMSelect"}
ROOT = "/v1"  # where chat completions are on servers whose base URL was given without a path
NOWHERE = frozenset({404, 405})


class HTTPClient(ProviderClient):
    """Sends JSON with a key, and reads the bytes that come back.

    What is sent is what the vendors' own SDKs send; a test compares them (docs/decisions/0019-no-sdk-at-run-time.md).
    """

    kind: ClassVar[str] = "openai"  # whose form the base URL has
    relays: ClassVar[tuple[WireFormat, ...]] = ("openai",)
    stream_usage: ClassVar[bool] = False  # whether the usage of a stream has to be asked for
    completions_path: ClassVar[str]
    models_path: ClassVar[str]
    headers: ClassVar[Mapping[str, str]] = {}
    refusals: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def body(self, model: str, prompt: Prompt, *, stream: bool) -> dict[str, Any]:
        """Write a request in the provider's format."""

    @abstractmethod
    def reader(self, failures: Failures) -> EventReader:
        """Make a reader of an answer."""

    def stream(self, model: str, prompt: Prompt) -> ProviderStream:
        """Ask for the answer piece by piece; raises ProviderError when the provider refuses.

        An endpoint that does not stream is asked for the whole answer, which is then one piece.
        """
        body = self.body(model, prompt, stream=True)
        own = {"stream", "stream_options", "system", *(["max_tokens"] if prompt.max_tokens is None else [])}
        with self.failures() as failures:
            answer = self._ask(self.completions_path, body, failures, own=own, exact=prompt.exact)
        return ProviderStream(
            answer, self.reader(failures), failures, think_tags=self.think_tags, repeated=self.repeated(prompt)
        )

    def repeated(self, prompt: Prompt) -> str:  # noqa: ARG002 - vendors look at it
        """Return the end of a prompt's `prefill` with which the answer may begin again."""
        return ""

    def relay(self, model: str, relay: Relay) -> RelayedStream:
        """Send a request that is in the provider's format already; raises ProviderError when the provider refuses.

        A stream is asked for its usage where that has to be asked for; if the client did not, it is not passed on.
        """
        body = {**relay.body, "model": model}
        options = body.get("stream_options") if isinstance(body.get("stream_options"), Mapping) else None
        hide_usage = bool(body.get("stream")) and self.stream_usage and not dig(options, "include_usage")
        if hide_usage:
            body["stream_options"] = {**(options or {}), "include_usage": True}
        own = relay.own | ({"stream_options"} if hide_usage and not options else set())
        with self.failures() as failures:
            answer = self._ask(self.completions_path, body, failures, own=own, exact=True, headers=relay.headers)
        streamed = bool(body.get("stream"))
        return RelayedStream(answer, self.reader(failures), failures, streamed=streamed, hide_usage=hide_usage)

    def failures(self) -> Failures:
        """Make the context that every call needs."""
        return Failures(self.api_key, self.refusals)

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """Fetch a JSON object or array; raises ProviderError."""
        return self._fetched("GET", path, params=params)

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        """Send a JSON object and read the one that comes back; raises ProviderError."""
        return self._fetched("POST", path, json.dumps(body).encode(), headers=headers)

    def _fetched(self, method: str, path: str, *more: Any, **options: Any) -> Any:
        with self.failures() as failures:
            answer = self._send(method, path, *more, **options)
            if answer.status >= 300:
                raise failures.refusal(answer)
            parsed = parse(answer.read())
            if isinstance(parsed, dict) and parsed.get("error"):
                raise failures.reported(parsed["error"])
        return parsed

    def _ask(
        self,
        path: str,
        body: Mapping[str, Any],
        failures: Failures,
        *,
        own: Collection[str],
        exact: bool,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request as the endpoint takes it; what it refuses by name is left out or put in other words.

        Of an `exact` request only what nobody but us asked for (`own`) is left out. What was learnt is remembered once
        it helped.
        """
        model = str(body["model"])
        known = usual = memory.get(self.base_url, model)
        if exact:
            known = usual = known.exactly(own)
        room: int | None = None
        refused: ProviderError | None = None
        for _ in range(ATTEMPTS):
            sent = (known if room is None else replace(known, limit=room)).write(body)
            answer = self._send("POST", path, json.dumps(sent).encode(), headers=headers)
            if answer.status < 300:
                if known != usual:
                    memory.put(self.base_url, model, _both(memory.get(self.base_url, model), known))
                return answer
            if answer.redirect:
                raise failures.refusal(answer)
            refusal = read_body(answer)
            error = failures.error(answer.status, refusal, answer.headers, address=answer.address)
            if exact:
                error.details |= _told(refusal)
            refused = refused or error
            learnt = learn(known, sent, answer.status, refusal)
            if learnt is None and room is None and "max_tokens" in own:
                room = room_left(sent, refusal)
                learnt = None if room is None else known
            if learnt is None or (exact and learnt.exactly(own) != learnt):
                raise error
            known = learnt
        raise refused or ProviderError()

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; where the base URL has no path and nothing is found at it, look below `ROOT`."""
        key = self.api_key or NO_KEY
        if not (key.isascii() and key.isprintable()):
            raise APIKeyRefused("The API key holds characters that cannot be sent.")
        headers = {**HEADERS, **self.headers, **(headers or {}), "Authorization": f"Bearer {key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        base = self._base()
        rooted = Base(base.prefix + ROOT, base.query)
        is_rooted = base.bare and self.kind == "openai" and memory.get(base.prefix, "").rooted
        answer = send(method, (rooted if is_rooted else base).url(path, params), headers=headers, body=body)
        if answer.status in NOWHERE and base.bare and self.kind == "openai" and not is_rooted:
            second = send(method, rooted.url(path, params), headers=headers, body=body)
            if second.status in NOWHERE:
                second.close()
                return answer
            answer.close()
            memory.put(base.prefix, "", Dialect(rooted=True))
            return second
        return answer

    def _base(self) -> Base:
        """Take the base URL apart; raises ProviderError for what is no address."""
        try:
            return split(self.base_url, self.kind)
        except ValueError as error:
            raise ProviderError(f"The provider's address cannot be used: {error}") from None


def _told(refusal: Any) -> dict[str, str]:
    """Read which parameter a refusal is about, and its code."""
    told = {name: dig(refusal, "error", name) for name in ("param", "code")}
    return {name: value for name, value in told.items() if isinstance(value, str)}


def _both(known: Dialect, learnt: Dialect) -> Dialect:
    """Join what was known before and what an exact request learnt."""
    return replace(learnt, refused=known.refused | learnt.refused, limit=learnt.limit or known.limit)


def dig(value: Any, *names: str) -> Any:
    """Follow names into nested objects; None where one is missing or no object."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def flag(value: Any, *names: str) -> bool | None:
    """Follow names to a true or false; None for anything else."""
    found = dig(value, *names)
    return found if isinstance(found, bool) else None
