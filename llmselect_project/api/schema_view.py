"""GET /api/schema: the OpenAPI schema, which does not change while the server runs."""

import threading
from functools import cache

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

RENDERERS: dict[str, type[BaseRenderer]] = {str(each.media_type): each for each in SpectacularAPIView.renderer_classes}

_building = threading.Lock()  # the library loads what it needs at its first schema, and two threads at that break it


class SchemaView(SpectacularAPIView):
    """The library's own view, which builds the schema for each request."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Give the schema in the format that was negotiated."""
        media_type = str(request.accepted_renderer.media_type)
        response = HttpResponse(written(media_type), content_type=f"{media_type}; charset=utf-8")
        response.headers["Content-Disposition"] = f'inline; filename="LLMSelect.{RENDERERS[media_type].format}"'
        return response


def written(media_type: str) -> bytes:
    """Return the schema in one of its formats, built once."""
    with _building:
        return _built(media_type)


def load() -> None:
    """Build the schema before it is asked for, and with it the routes."""
    written(next(iter(RENDERERS)))


@cache
def _built(media_type: str) -> bytes:
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    text = RENDERERS[media_type]().render(schema, renderer_context={})
    return text.encode() if isinstance(text, str) else bytes(text)
