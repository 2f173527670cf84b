"""Content-Security-Policy: what a page may load, and nothing for other responses."""

from typing import Any

from csp.constants import HEADER, NONE, SELF, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponseBase

# The admin, the browsable API and Swagger UI run scripts from /static/ only. The latter two have style attributes,
# which need 'unsafe-inline', and Swagger UI's style sheets embed images, which need data:.
PAGES: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA = "default-src 'none'; frame-ancestors 'none'"


class ContentPolicyMiddleware(CSPMiddleware):
    """Gives HTML pages the policy of the settings, and other responses a policy that allows nothing.

    An attacker may make a browser open a response of the API as if it were a page.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set the header by the content type, which browsers must not guess."""
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, DATA)
        return response
