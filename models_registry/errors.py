"""What can go wrong between LLMSelect and a provider: each error knows its HTTP status, code and details.

They are `APIException`s, so a view may let them rise; streams and comparisons show `code` and `str(error)`.
"""

from collections.abc import Sequence
from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, PermissionDenied


class ProviderError(APIException):
    """The provider failed, answered nonsense or broke off; base of all errors of a provider call."""

    status_code: int = status.HTTP_502_BAD_GATEWAY
    default_code = "provider_error"
    default_detail = "The provider failed to answer."

    def __init__(self, message: str | None = None, *, status: int | None = None) -> None:
        """Take the sentence shown to the user and the provider's own HTTP status when there was one."""
        super().__init__(message)
        self.details: dict[str, Any] = {} if status is None else {"status": status}


class ClientFailed(ProviderError):
    """LLMSelect itself failed while it called the provider; the log says why."""

    status_code = status.HTTP_500_INTERNAL_SERVER_ERROR
    default_code = "server_error"
    default_detail = "Something went wrong on the server."


class StreamBroken(ProviderError):
    """The provider broke off in the middle of its answer."""

    default_detail = "The provider broke off its answer."


class MalformedAnswer(ProviderError):
    """The provider answered something that is not its own wire format."""

    default_detail = "The provider's answer could not be read."


class ProviderTimeout(ProviderError):
    """The provider did not accept the connection, or did not send a byte, within its time limit."""

    status_code = status.HTTP_504_GATEWAY_TIMEOUT
    default_code = "provider_timeout"
    default_detail = "The provider did not answer in time."


class APIKeyRefused(ProviderError):
    """The provider answered 401, or 403 for the key's sake."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "api_key_refused"
    default_detail = "The provider refused the API key."


class ProviderRateLimited(ProviderError):
    """The provider answered 429; `wait` is what it asks to wait in seconds, at most an hour."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "provider_rate_limited"
    default_detail = "The provider limits the rate of calls."

    def __init__(self, message: str | None = None, *, status: int | None = None, wait: int = 10) -> None:
        super().__init__(message, status=status)
        self.wait = wait


class ProviderQuotaExceeded(ProviderError):
    """The account behind the key has used up what it may spend; waiting does not help."""

    status_code = status.HTTP_402_PAYMENT_REQUIRED
    default_code = "provider_quota_exceeded"
    default_detail = "The provider's account has no credit left."


class ContextLengthExceeded(ProviderError):
    """The prompt is longer than what the model holds; `context_window` and `prompt_tokens` are in tokens, if known."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "context_length_exceeded"
    default_detail = "The conversation is longer than what the model holds."

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        context_window: int | None = None,
        prompt_tokens: int | None = None,
    ) -> None:
        super().__init__(message, status=status)
        self.details |= {"context_window": context_window, "prompt_tokens": prompt_tokens}


class EmptyAnswer(ProviderError):
    """The model ended its answer and wrote nothing, or only thought, or only asked for tools."""

    default_detail = "The model answered nothing."


class APIKeyMissing(APIException):
    """Neither the user nor the system has a key for the provider."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "api_key_missing"
    default_detail = "There is no API key for this provider: store one with PUT /api/v1/keys/{provider}."


class APIKeyUnreadable(APIException):
    """A stored key cannot be decrypted with any of the configured ENCRYPTION_KEYs."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "api_key_unreadable"
    default_detail = "The stored API key can no longer be decrypted: store it again."


class UnknownModel(NotFound):
    """The provider has no model of this name, as its own list says; `nearest` are the names most like it."""

    def __init__(self, *, provider: str, model: str, nearest: Sequence[str]) -> None:
        meant = f" Did you mean {_either(nearest)}?" if nearest else ""
        super().__init__(f"{provider} has no model {model}.{meant} GET /api/v1/models?provider={provider} lists them.")
        self.details: dict[str, Any] = {"provider": provider, "model": model, "nearest": list(nearest)}


class ModelDeactivated(APIException):
    """Staff switched the model off; `nearest` are the active ones whose names are most like it."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "model_deactivated"

    def __init__(self, *, provider: str, model: str, nearest: Sequence[str]) -> None:
        instead = f" Use another model, for example {_either(nearest)}." if nearest else " Use another model."
        super().__init__(f"This server no longer offers {model} of {provider}.{instead}")
        self.details: dict[str, Any] = {"provider": provider, "model": model, "nearest": list(nearest)}


class ModelNotAllowed(PermissionDenied):
    """The token of the request is limited to other models."""

    default_code = "model_not_allowed"

    def __init__(self, *, provider: str, model: str) -> None:
        super().__init__(f"This token may not use {provider}/{model}.")
        self.details: dict[str, Any] = {"provider": provider, "model": model}


class InputNotSupported(APIException):
    """The model cannot read what the prompt holds: `images_not_supported` or `documents_not_supported`."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, *, provider: str, model: str, what: str, verb: str) -> None:
        super().__init__(
            f"{provider}/{model} cannot {verb} {what}. Choose another model.", f"{what.lower()}_not_supported"
        )
        self.details: dict[str, Any] = {"provider": provider, "model": model}


class BudgetExceeded(APIException):
    """A call could cost more than what is left of a budget; nothing was asked of the provider.

    `details` say which budget it is, what is left of it, what the call could cost, and when the budget is renewed.
    `wait` is the time until then in seconds, None where it is not.
    """

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "budget_exceeded"

    def __init__(self, message: str, *, details: dict[str, Any], wait: float | None) -> None:
        super().__init__(message)
        self.details = details
        self.wait = wait


class PriceUnknown(PermissionDenied):
    """Nobody knows what the model costs, so no budget could hold."""

    default_code = "price_unknown"

    def __init__(self, *, provider: str, model: str) -> None:
        super().__init__(
            f"No price of {provider}/{model} is known, and you have a budget: only models with a price can be called. "
            "Staff can set one in the admin, 0 for a model that costs nothing."
        )
        self.details: dict[str, Any] = {"provider": provider, "model": model}


def _either(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
