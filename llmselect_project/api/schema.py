"""What drf-spectacular cannot see by itself: how to log in, and what can go wrong."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers


class SessionTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Documents access tokens."""

    target_class = "llmselect_project.accounts.authentication.SessionTokenAuthentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        """Describe the Bearer scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class Error(serializers.Serializer[Any]):
    """Every error; `details` of `invalid` names each field with its sentences."""

    error = serializers.CharField(help_text="A code that does not change.")
    message = serializers.CharField(help_text="One sentence for people.")
    details = serializers.DictField()


MEANINGS = {
    400: "Something in the request is not valid.",
    401: "Not logged in, or not any more.",
    403: "Not allowed.",
    404: "There is no such thing, or it is somebody else's.",
    408: "The body did not arrive in time.",
    409: "The provider's API key is missing, refused or unreadable, or the same request is being answered.",
    413: "The body is too large, or the model's context window too small.",
    415: "The body is not JSON.",
    422: "The Idempotency-Key was used for another request.",
    429: "Too many requests; Retry-After says when to come back.",
    502: "The provider failed.",
    503: "The server or its database is busy; Retry-After says when to come back.",
    504: "The provider did not answer in time.",
}


class ApiSchema(AutoSchema):
    """Documents the errors of each operation, all of one shape."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Add what can go wrong to what was declared."""
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            deletion = getattr(self.view, "deletion", None)
            if self.method == "DELETE" and deletion is not None:
                content = {"application/json": {"schema": self.resolve_serializer(deletion, "request").ref}}
                operation["requestBody"] = {"content": content, "required": True}
            for status in sorted(self._failures(operation)):
                content = {"application/json": {"schema": self.resolve_serializer(Error, "response").ref}}
                operation["responses"].setdefault(str(status), {"description": MEANINGS[status], "content": content})
        return operation

    def _failures(self, operation: dict[str, Any]) -> set[int]:
        failures = {400, 503}
        scope = getattr(self.view, "throttle_scope", None)
        # Public ones that change something are about credentials.
        if self.get_auth() != [{}] or self.method == "POST":
            failures |= {401, 403}
        if scope or self.method in getattr(self.view, "password_methods", ()):
            failures |= {429}
        if scope == "completion":
            failures |= {404, 409, 422, 502, 504}
        if "requestBody" in operation:
            failures |= {408, 413, 415}
        if "{" in self.path:
            failures |= {404}
        return failures


def say_what_a_chat_needs(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Write down which fields of a chat need each other: a serializer's own check is nothing that the library reads."""
    result["components"]["schemas"]["ChatInputRequest"] |= {
        "oneOf": [{"required": ["message"]}, {"required": ["messages"]}],
        "anyOf": [{"required": ["provider", "model"]}, {"required": ["conversation_id"]}],
    }
    for path in ("/api/v1/chat", "/api/v1/chat/stream"):
        result["paths"][path]["post"]["requestBody"]["required"] = True
    return result


def refuse_unknown_fields(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Declare that bodies have no other fields, which `perf.api.validation.valid` refuses."""
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request") and component.get("type") == "object":
            component["additionalProperties"] = False
    return result
