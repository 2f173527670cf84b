"""Parts of the OpenAPI schema that drf-spectacular cannot derive: authentication and errors."""

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
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "The Idempotency-Key was used for another request.",
    429: "Too many requests; Retry-After says when to come back.",
    502: "The provider failed.",
    503: "The server or its database is busy; Retry-After says when to come back.",
    504: "The provider did not answer in time.",
}


class ApiSchema(AutoSchema):
    """Adds the errors of each operation."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Add the error responses, and the body of DELETE if the view declares one as `deletion`."""
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
        # Public operations with POST check credentials.
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


def add_chat_requirements(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add which fields of a chat require each other, which drf-spectacular cannot read from a `validate` method."""
    result["components"]["schemas"]["ChatInputRequest"] |= {
        "oneOf": [{"required": ["message"]}, {"required": ["messages"]}],
        "anyOf": [{"required": ["provider", "model"]}, {"required": ["conversation_id"]}],
    }
    for path in ("/api/v1/chat", "/api/v1/chat/stream"):
        result["paths"][path]["post"]["requestBody"]["required"] = True
    return result
