"""Content negotiation that never fails: HTML for browsers that ask for it, else JSON."""

import re
from collections.abc import Iterable

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_REFUSED = re.compile(r"q\s*=\s*0(\.0*)?")


class JSONUnlessHTML(BaseContentNegotiation):
    """Selects the HTML renderer of a view if `Accept` names text/html, else the first renderer."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Return the parser for the media type of the body; None if there is none."""
        declared = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type in (declared, "*/*")), None)

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer and its media type."""
        offered = list(renderers)
        if _accepts_html(request.META.get("HTTP_ACCEPT", "")):
            for renderer in offered:
                if renderer.media_type == "text/html":
                    return renderer, "text/html"
        return offered[0], offered[0].media_type or "application/json"


def _accepts_html(accept: str) -> bool:
    """Return whether `Accept` names text/html with a quality above 0."""
    for wanted in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in wanted.split(";"))
        if media_type == "text/html":
            return not any(_REFUSED.fullmatch(parameter) for parameter in parameters)
    return False
