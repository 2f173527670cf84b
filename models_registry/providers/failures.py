"""Turns what the HTTP client raises and providers report into our errors, which never show the key."""

import json
import math
import re
import ssl
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
    ContextLengthExceeded,
    MalformedAnswer,
    ProviderError,
    ProviderQuotaExceeded,
    ProviderRateLimited,
    ProviderTimeout,
    StreamBroken,
)
from models_registry.providers.http import IS_URL_RIGHT, Answer, Unreachable, timed_out
from models_registry.providers.reading import causes
from models_registry.providers.reading.text import clean
from models_registry.providers.reading.waits import MAX_WAIT, asked_wait, bounded

MAX_MESSAGE = 500  # characters
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title", re.IGNORECASE | re.DOTALL)

# What can be done about a status when it comes from something before the provider, which says nothing of it.
HINTS = {
    401: "Something in front of the provider asks for a login.",
    403: "A firewall, or a rule for where this server calls from, may refuse its calls: try a proxy (HTTPS_PROXY).",
    404: IS_URL_RIGHT,
    405: IS_URL_RIGHT,
    407: "The proxy asks for a login: HTTPS_PROXY=http://user:password@host:port.",
}
PLACE_HINT = "The provider does not serve the place this server calls from: use another, or a proxy (HTTPS_PROXY)."
MODERATION_HINT = "The provider's moderation refused the prompt: change it, or ask another model."


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
        return self.error(answer.status, read_body(answer), answer.headers, address=answer.address)

    def reported(self, error: Any) -> ProviderError:
        """Make the error that an error object in an answer of status 200 stands for."""
        return self.error(causes.reported_status(error), {"error": error}, {})

    def error(self, status: int | None, body: Any, headers: Mapping[str, str], *, address: str = "") -> ProviderError:
        """Choose the class by status and what the body says; the message is the provider's own, or names `address`."""
        text = causes.sentence(body)
        message = self._redact(text) if text else None
        if address and status is not None and _says_nothing(text, status):
            message = self._redact(_silence(address, status, body))
        wait = asked_wait(headers, body)
        if status == 401 or any(mark in str(body) for mark in self._refusals):
            return APIKeyRefused(message, status=status)
        if status == 402 or causes.names_quota(body) or (wait is None and causes.is_about_money(body)):
            return ProviderQuotaExceeded(message, status=status)
        if status == 429:
            return self._rate_limited(message, wait)
        if status in (None, 400, 413, 422, 500) and causes.is_about_context(body):
            window, prompt = causes.context_numbers(body)
            return ContextLengthExceeded(message, status=status, context_window=window, prompt_tokens=prompt)
        if status == 403:
            return self._forbidden(message, body)
        return ProviderError(message, status=status)

    def _rate_limited(self, message: str | None, wait: float | None) -> ProviderRateLimited:
        """Ask for at most an hour, and tell what the provider asks for: streams have no header for it."""
        if wait is None:
            return ProviderRateLimited(message, status=429, wait=bounded(wait))
        said = (message or ProviderRateLimited.default_detail).rstrip(". ")
        told = f"{said}. The provider asks to wait {_span(wait)}."
        error = ProviderRateLimited(told, status=429, wait=bounded(wait))
        if wait > MAX_WAIT:
            error.details["retry_after"] = math.ceil(wait)
        return error

    def _forbidden(self, message: str | None, body: Any) -> ProviderError:
        """Tell a refused key from a refused place or prompt, and say what can be done."""
        text = causes.sentence(body)
        if causes.is_about_the_key(body):
            return APIKeyRefused(message, status=403)
        hint = ""
        if causes.PLACE_WORDS.search(text):
            hint = PLACE_HINT
        elif causes.MODERATION_WORDS.search(text):
            hint = MODERATION_HINT
        if not text or message is None:
            return ProviderError(message, status=403)
        return ProviderError(f"{message.rstrip('. ')} (status 403). {hint}".strip(), status=403)

    def _redact(self, text: str) -> str:
        if self._api_key:
            text = text.replace(self._api_key, "[key]")
        return clean(text)[0][:MAX_MESSAGE]


def read_body(answer: Answer) -> Any:
    """Read the body of a refusal, parsed where it is JSON, and text otherwise; raises urllib3's HTTPError."""
    content = answer.read()
    try:
        return json.loads(content.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        return content.decode(errors="replace")


def _silence(address: str, status: int, body: Any) -> str:
    """Say what is known of an answer without a sentence: who gave it, its status, what may be wrong."""
    title = _TITLE.search(body) if isinstance(body, str) and status == 403 else None
    page = f" ({title[1]})" if title else ""
    return f"{address} answered {status} {_phrase(status)}".rstrip() + f"{page}. {HINTS.get(status, '')}".rstrip()


def _says_nothing(text: str, status: int) -> bool:
    """Tell whether an error's text is no more than its status, like `404 page not found` and `Not Found`."""
    words = set(re.findall("[a-z]+", text.lower()))
    return words <= {*_phrase(status).lower().split(), "page", "error", "detail"}


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


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


def _span(seconds: float) -> str:
    """Write a time as a person would: `38 s`, `6 min`, `26 h 5 min`."""
    if seconds <= 120:
        return f"{max(1, math.ceil(seconds))} s"
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return " ".join(filter(None, (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "")))
