"""Parts of the OpenAPI schema that drf-spectacular cannot derive: authentication and errors."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import alpha_operation_sorter
from rest_framework import serializers

from conversations.gateway.errors import protocol_of, translated
from conversations.history.serializers import AUTO


class SessionTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Documents access tokens."""

    target_class = "llmselect_project.accounts.authentication.SessionTokenAuthentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        """Describe the Bearer scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Documents API tokens."""

    target_class = "llmselect_project.tokens.authentication.ApiTokenAuthentication"
    name = "apiToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        """Describe the Bearer scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "llms_…"}


class Error(serializers.Serializer[Any]):
    """Every error; `details` of `invalid` names each field with its sentences."""

    error = serializers.CharField(help_text="A code that does not change.")
    message = serializers.CharField(help_text="One sentence for people.")
    details = serializers.DictField()


class GatewayProblem(serializers.Serializer[Any]):
    """What an error of the gateway is about, in OpenAI's shape."""

    message = serializers.CharField()
    type = serializers.CharField()
    param = serializers.CharField(required=False, allow_null=True)
    code = serializers.CharField(required=False, allow_null=True)


class GatewayError(serializers.Serializer[Any]):
    """Every error of the gateway; in Anthropic's protocol `type` is `error`, and `error` has no `param` and `code`."""

    type = serializers.CharField(required=False)
    error = GatewayProblem()


# By status: what it means, and of the codes that it comes with the most frequent one.
MEANINGS = {
    400: ("Something in the request is not valid.", "invalid"),
    401: ("Not logged in, or not any more.", "not_authenticated"),
    403: ("Not allowed.", "permission_denied"),
    404: ("There is no such thing, or it is somebody else's.", "not_found"),
    408: ("The body did not arrive in time.", "request_timeout"),
    409: (
        "The provider's API key is missing, refused or unreadable, or the same request is being answered.",
        "api_key_missing",
    ),
    413: ("The body is too large, or the model's context window too small.", "request_too_large"),
    415: ("The body is not JSON, or the file of no kind that is taken.", "unsupported_media_type"),
    422: ("The Idempotency-Key was used for another request.", "idempotency_key_reused"),
    429: ("Too many requests, or a budget does not cover it; Retry-After says when to come back.", "throttled"),
    502: ("The provider failed.", "provider_error"),
    503: ("The server or its database is busy; Retry-After says when to come back.", "database_busy"),
    504: ("The provider did not answer in time.", "provider_timeout"),
}


# What stands for a place in a path where it is the same for everybody.
PLACES = {
    ("keys", "provider"): "openai",
    ("models", "provider"): "echo",
    ("models", "model_id"): "echo-fast",
    ("{response_id}", "response_id"): "resp_019aca8d96e77582a20bcc5b12730c55",
    ("{name}", "name"): "echo/echo-fast",
}
# What may name a model that its provider does not have, beside completions.
NAME_A_MODEL = {("POST", "/api/v1/conversations")}
# The paths of accounts in the order of their use; all others stand in that of the alphabet.
ACCOUNTS = ["register", "login", "refresh", "me", "password", "logout"]


def place_of(endpoint: tuple[str, str, str, Any]) -> tuple[Any, ...]:
    """Say where an operation stands among those of its tag."""
    path = endpoint[0]
    name = path.removeprefix("/api/v1/auth/")
    return (ACCOUNTS.index(name) if name in ACCOUNTS else -1, *alpha_operation_sorter(endpoint))  # type: ignore[no-untyped-call]


class ApiSchema(AutoSchema):
    """Documents each operation by its method's docstring, and the errors of each, all of one shape.

    The first line of the docstring is the summary, what follows it the description.
    """

    def get_summary(self) -> str | None:
        """Give the first line, which ends with a full stop in the code alone."""
        return super().get_description().partition("\n")[0].removesuffix(".")

    def get_description(self) -> str:  # type: ignore[override]
        """Give what follows the first line, for whoever wants to know what the operation is for."""
        return super().get_description().partition("\n")[2].strip()

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Add the error responses, and the body of DELETE if the view declares one as `deletion`."""
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            deletion = getattr(self.view, "deletion", None)
            if self.method == "DELETE" and deletion is not None:
                examples = {each.name: {"value": each.value} for each in self.get_examples() if each.request_only}
                media = {"schema": self.resolve_serializer(deletion, "request").ref, "examples": examples}
                operation["requestBody"] = {"content": {"application/json": media}, "required": True}
            for parameter in operation.get("parameters", ()):
                place = ("".join(self.path.split("/")[3:4]), parameter["name"])
                if parameter["in"] == "path" and place in PLACES:
                    parameter["example"] = PLACES[place]
            for status in sorted(self._failures(operation)):
                meaning, code = MEANINGS[status]
                protocol = protocol_of(self.path, {})
                shape = Error if protocol is None else GatewayError
                example: dict[str, Any] = {"error": code, "message": meaning, "details": {}}
                if protocol is not None:
                    example = translated(protocol, status, example)[1]
                media = {"schema": self.resolve_serializer(shape, "response").ref, "example": example}
                content = {"application/json": media}
                operation["responses"].setdefault(str(status), {"description": meaning, "content": content})
        return operation

    def _failures(self, operation: dict[str, Any]) -> set[int]:
        failures = {400, 503}
        scope = getattr(self.view, "throttle_scope", None)
        # Public operations with POST check credentials.
        if self.get_auth() != [{}] or self.method == "POST":
            failures |= {401, 403}
        if scope or self.method in getattr(self.view, "password_methods", ()):
            failures |= {429}
        if scope == "completion":
            failures |= {404, 409, 422, 502, 504}
        if "requestBody" in operation:
            failures |= {408, 413, 415}
        if getattr(self.view, "conflicts", False):
            failures |= {409}
        if "{" in self.path or (self.method, self.path) in NAME_A_MODEL:
            failures |= {404}
        return failures


def complete_components(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add what drf-spectacular cannot say: which fields of a chat require each other, and that schemas may overlap."""
    schemas, text = result["components"]["schemas"], [{"required": ["message"]}, {"required": ["messages"]}]
    schemas["ChatInputRequest"] |= {
        "oneOf": text,
        "anyOf": [
            {"required": ["provider", "model"]},
            {"required": ["model"], "properties": {"model": {"enum": [AUTO]}}},
            {"required": ["conversation_id"]},
        ],
    }
    schemas["SelectInputRequest"] |= {"oneOf": text}
    schemas["AnyLeaderboard"] = {"anyOf": schemas["AnyLeaderboard"]["oneOf"]}  # an empty one is valid as several
    for path in ("/api/v1/chat", "/api/v1/chat/stream", "/api/v1/select"):
        result["paths"][path]["post"]["requestBody"]["required"] = True
    return result


def refuse_unknown_fields(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Declare that bodies have no other fields, which `perf.api.validation.valid` refuses."""
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request") and component.get("type") == "object":
            component["additionalProperties"] = False
    return result
