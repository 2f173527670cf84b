"""Turns what the HTTP client raises and providers report into our errors, which never show the key."""

import email.utils
import json
import math
import re
import ssl
import time
from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from urllib3.exceptions import (
    DecodeError,
    HTTPError,
    LocationValueError,
    NameResolutionError,
    ProtocolError,
    ProxyError,
    SSLError,
)

from models_registry.errors import (
    APIKeyRefused,
    MalformedAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    StreamBroken,
)
from models_registry.providers.http import IS_URL_RIGHT, Answer, Unreachable, timed_out
from models_registry.providers.text import clean

MAX_MESSAGE = 500  # characters
DEFAULT_WAIT, MAX_WAIT = 10, 3_600  # seconds

# The statuses that error types stand for where there is no status: in the middle of a stream.
# https://docs.anthropic.com/en/api/errors, https://platform.openai.com/docs/guides/error-codes
STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "api_error": 500,
    "server_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class Failures:
    """A context that lets only `ProviderError`s out for what the provider does.

    `refusals` are marks in the text of an error that mean a refused key whatever the status. The cause is not chained:
    it holds the key.
    """

    def __init__(self, api_key: str, refusals: tuple[str, ...] = ()) -> None:
        self._api_key = api_key
        self._refusals = refusals

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (HTTPError, UnicodeError)):
            raise self._map(error) from None

    def _map(self, error: Exception) -> ProviderError:
        if isinstance(error, Unreachable):
            return self._unreachable(error)
        if timed_out(error):
            return ProviderTimeout()
        if isinstance(error, DecodeError):
            return MalformedAnswer()
        if isinstance(error, ProtocolError):
            return StreamBroken()
        if isinstance(error, (LocationValueError, UnicodeError)):
            return ProviderError(self._redact(f"The provider's address cannot be used: {error}"))
        return ProviderError(self._redact(f"The provider could not be reached: {error.__cause__ or error}"))

    def _unreachable(self, error: Unreachable) -> ProviderError:
        """Say who could not be reached and why: a wrong address is most often one's own."""
        late = timed_out(error.reason)
        why = f"no connection within {settings.PROVIDER_CONNECT_TIMEOUT:g} s" if late else _reason(error.reason)
        message = self._redact(f"Could not reach {error.address}: {why}.")
        return ProviderTimeout(message) if late else ProviderError(message)

    def refusal(self, answer: Answer) -> ProviderError:
        """Make the error that an answer with an error status stands for; raises urllib3's HTTPError."""
        if answer.redirect:
            answer.close()
            place = self._redact(answer.redirect)[:200]
            return ProviderError(f"The provider redirects to {place}, which is not followed.", status=answer.status)
        content = answer.read()
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            body = content.decode(errors="replace")
        return self.error(answer.status, body, answer.headers, address=answer.address)

    def reported(self, error: Any) -> ProviderError:
        """Make the error that an error object in an answer of status 200 stands for."""
        return self.error(_status(error), {"error": error}, {})

    def error(self, status: int | None, body: Any, headers: Mapping[str, str], *, address: str = "") -> ProviderError:
        """Choose the class by status; the message is the provider's own, or says what `address` answered."""
        text = _text(body)
        message = self._redact(text) if text else None
        if status in (401, 403) or any(mark in str(body) for mark in self._refusals):
            return APIKeyRefused(message, status=status)
        if status == 429:
            return ProviderRateLimited(message, status=status, wait=_wait(headers))
        if address and status is not None and _says_nothing(text, status):
            message = f"{address} answered {status} {_phrase(status)}".rstrip() + "."
            if status in (404, 405):
                message += f" {IS_URL_RIGHT}"
        return ProviderError(message, status=status)

    def _redact(self, text: str) -> str:
        if self._api_key:
            text = text.replace(self._api_key, "[key]")
        return clean(text)[0][:MAX_MESSAGE]


def _reason(error: BaseException) -> str:
    """Say in a few words why there is no connection."""
    if isinstance(error, ProxyError):
        return f"the proxy failed, {_reason(error.original_error)}"
    cause = error.args[0] if isinstance(error, SSLError) and error.args else error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"certificate verify failed, {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed, {(cause.reason or str(cause)).replace('_', ' ').lower()}"
    words = str(getattr(cause, "strerror", None) or cause).lower()
    return f"unknown host ({words})" if isinstance(error, NameResolutionError) else words


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def _says_nothing(text: str, status: int) -> bool:
    """Tell whether an error's text is no more than its status, like `404 page not found` and `Not Found`."""
    words = set(re.findall("[a-z]+", text.lower()))
    return words <= {*_phrase(status).lower().split(), "page", "error", "detail"}


def _status(error: Any) -> int | None:
    """Read the status out of an error object: OpenRouter's code is one, others name a type."""
    if not isinstance(error, dict):
        return None
    for value in (error.get("code"), error.get("type"), error.get("status")):
        if isinstance(value, int) and 400 <= value < 600:
            return value
        if isinstance(value, str) and value in STATUSES:
            return STATUSES[value]
    return None


def _text(body: Any) -> str:
    """Find the sentence in an error's body; "" when there is none, as in a web page.

    Most send {"error": {"message"}}, Gemini a list of one of those, Mistral {"message"}, FastAPI servers {"detail"}.
    """
    if isinstance(body, list) and body:
        return _text(body[0])
    if isinstance(body, dict):
        found = next((body[name] for name in ("error", "message", "detail", "msg") if body.get(name)), "")
        return _text(found)
    return body.strip() if isinstance(body, str) and not body.lstrip().startswith("<") else ""


def _wait(headers: Mapping[str, str]) -> int:
    """Read how many seconds to wait: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    seconds = _number(headers.get("retry-after-ms")) / 1_000
    if math.isnan(seconds):
        seconds = _number(headers.get("retry-after"))
    if math.isnan(seconds):
        seconds = _seconds_until(headers.get("retry-after", ""))
    return DEFAULT_WAIT if math.isnan(seconds) else math.ceil(min(max(seconds, 1), MAX_WAIT))


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return math.nan


def _seconds_until(date: str) -> float:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, OverflowError):
        return math.nan
