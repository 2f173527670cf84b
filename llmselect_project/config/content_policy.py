"""Content-Security-Policy: what a page may load, and that everything else is no page."""

from typing import Any

from csp.constants import HEADER, NONE, SELF, UNSAFE_INLINE
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponseBase

# The admin, the browsable API and Swagger UI run scripts from /static/ only. The latter two have style attributes, and
# Swagger UI's style sheets have images in them; neither can be done without 'unsafe-inline' and data:.
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
    """Gives pages the policy of the settings, and whatever is no page one that allows nothing.

    Somebody may talk a browser into opening an answer of the API as if it were a page.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Set the header by the type of the content, which browsers must not guess."""
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, DATA)
        return response
