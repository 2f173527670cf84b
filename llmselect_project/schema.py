"""What drf-spectacular cannot see by itself: how to log in, and how lists are paged."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class SessionTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Documents access tokens."""

    target_class = "llmselect_project.authentication.SessionTokenAuthentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        """Describe the Bearer scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
